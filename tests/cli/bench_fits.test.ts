import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { bench } from '../../src/cli/bench';
import { pngOf, triangles } from '../object/files';
import { colouredBox } from '../object/shapes';
import '../gpu';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
  await mkdir(join(folder, 'objects/boxes'), { recursive: true });
  const positions = [...colouredBox(0.5, 0.4, 0.6).positions];
  const uvs = positions.slice(0, (2 * positions.length) / 3).map((x) => x + 0.5);
  const box = triangles({ positions, uvs, image: pngOf(250, 120, 20) });
  for (const name of ['box', 'crate']) {
    await writeFile(join(folder, 'objects/boxes', `${name}.glb`), box);
  }
});
afterAll(() => rm(folder, { recursive: true }));

async function printed(...args: string[]): Promise<string> {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  const given = ['fits', join(folder, 'objects'), '--out', join(folder, 'out'), ...args];
  const quick = ['--preset', 'tiny', '--steps', '30', '--size', '32', '--mesh.resolution', '24'];
  if (!args.includes('--mesh.texture')) quick.push('--mesh.texture', '0');
  await bench([...given, ...quick]);
  const text = write.mock.calls.join('');
  write.mockRestore();
  return text;
}

test('fits the named objects of a folder, a row for each, and none of them again', {
  timeout: 480_000,
}, async () => {
  const table = await printed('--only', 'crate');
  const rows = table.trimEnd().split('\n');
  expect(rows.length).toBe(4);
  expect(rows[2]).toMatch(
    /^\| `crate` \| \d+\.\d, \d+\.\d \| 0\.\d{3}, 0\.\d{3} \| \d+\.\d \| {2}\| [\d,]+ \| \d+ \| \d+ \|$/,
  );
  expect(rows[3]).toMatch(/^\| all 1 \|/);

  const file = join(folder, 'out/crate/run.json');
  const { mtimeMs } = await stat(file);
  const run = JSON.parse(await readFile(file, 'utf8'));
  expect(await printed('--only', 'crate')).toBe(table);
  expect((await stat(file)).mtimeMs).toBe(mtimeMs);
  const [json] = JSON.parse(await printed('--only', 'crate', '--json'));
  expect(json.metrics).toEqual(run.metrics);
  expect(json.losses).toBeUndefined();

  // Files of version 0.1.0 had another name for the metrics.
  const { metrics: judgement, ...rest } = run;
  await writeFile(file, JSON.stringify({ ...rest, judgement }));
  const older = await printed('--only', 'crate', '--json');
  expect(JSON.parse(older)[0]).toEqual(json);

  // With a texture it is another run.
  const [, , textured] = (await printed('--only', 'crate', '--mesh.texture', '64')).split('\n');
  const again = JSON.parse(await readFile(file, 'utf8'));
  expect(again.settings.mesh.texture).toBe(64);
  expect(again.metrics).toMatchObject(run.metrics);
  const { colourDifference } = again.metrics.texture;
  expect(colourDifference).toBeLessThan(60);
  expect(textured).toContain(` | ${colourDifference.toFixed(1)} | `);
});
