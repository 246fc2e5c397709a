import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import validator from 'gltf-validator';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { fit as run } from '../../src/cli/fit';
import '../gpu';
import { pngOf, triangles } from '../object/files';
import { colouredBox } from '../object/shapes';
import { refusal } from '../refusal';

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
  path = join(folder, 'a box.glb');
  const positions = [...colouredBox(0.5, 0.4, 0.6).positions];
  const uvs = positions.slice(0, (2 * positions.length) / 3).map((x) => x + 0.5);
  await writeFile(path, triangles({ positions, uvs, image: pngOf(250, 120, 20) }));
});
afterAll(() => rm(folder, { recursive: true }));

const out = (name: string) => join(folder, name);
const quick = [
  ...['--preset', 'tiny', '--steps', '30', '--size', '32'],
  ...['--mesh.resolution', '32', '--mesh.texture', '64'],
];

test('writes a valid mesh, a turntable of object and field, and how near it came', {
  timeout: 240_000,
}, async () => {
  await run([path, '--out', out('box'), '--seed', '5', ...quick]);
  expect((await readdir(out('box'))).sort()).toEqual(['mesh.glb', 'run.json', 'turntable.png']);
  const report = await validator.validateBytes(
    new Uint8Array(await readFile(join(out('box'), 'mesh.glb'))),
  );
  expect(report.issues.messages).toEqual([]);
  const png = PNG.sync.read(await readFile(join(out('box'), 'turntable.png')));
  expect([png.width, png.height]).toEqual([8 * 32, 2 * 32]);
  // The middle of the first view of the object, and of the field below it.
  const pixel = (row: number) => [
    ...png.data.subarray(4 * (row * 256 + 16), 4 * (row * 256 + 16) + 3),
  ];
  expect(pixel(16)).toEqual([250, 120, 20]);
  pixel(48).forEach((value, c) => {
    expect(Math.abs(value - [250, 120, 20][c]!)).toBeLessThan(60);
  });
  const record = JSON.parse(await readFile(join(out('box'), 'run.json'), 'utf8'));
  expect(record).toMatchObject({
    object: { file: 'a box.glb', triangles: 12 },
    preset: 'tiny',
    size: 32,
    settings: { seed: 5, steps: 30, field: { levels: 4 } },
    files: ['mesh.glb'],
  });
  expect(record.losses.length).toBe(30);
  expect(record.losses.at(-1)).toBeLessThan(record.losses[0] / 2);
  expect(record.metrics.psnr.mean).toBeGreaterThan(record.metrics.psnr.worst);
  expect(record.metrics.silhouetteOverlap.mean).toBeGreaterThan(0.8);
});

test('--help lists the options and runs nothing', async () => {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  await run(['--help']);
  const text = write.mock.calls.join('');
  write.mockRestore();
  for (const flag of ['--out', '--size', '--steps', '--preset', '--seed', '--adapter']) {
    expect(text).toContain(flag);
  }
  expect(text).not.toContain('--guidance');
});

describe('refuses', () => {
  const cases: [string, () => string[], RegExp][] = [
    ['no object', () => [], /There is no object\..*npm run fit/],
    ['two objects', () => [path, path], /There are 2 objects/],
    ['a missing file', () => [out('lost.glb')], /lost.glb cannot be read/],
    ['a size that is none', () => [path, '--size', 'big'], /--size takes a number/],
    ['an unknown option', () => [path, '--colour', '3'], /Unknown option '--colour'/],
    ['an unknown preset', () => [path, '--preset', 'huge'], /Unknown preset 'huge'/],
    ['no steps', () => [path, '--steps', '0'], /'steps' takes a whole number from 1/],
    ['a size beyond the adapter', () => [path, '--size', '60000'], /largest size that fits is \d+/],
  ];
  test.each(cases)('%s', async (_, args, message) => {
    expect(await refusal(run([...args(), '--out', out('refused')]))).toMatch(message);
  });

  test('an adapter that is not there', async () => {
    const held = globalThis as { dawn?: GPU };
    const { dawn } = held;
    delete held.dawn;
    const words = await refusal(run([path, '--adapter', 'abacus', '--out', out('refused')]));
    expect(words).toMatch(/No WebGPU adapter.*--adapter/s);
    if (dawn) held.dawn = dawn;
  });
});
