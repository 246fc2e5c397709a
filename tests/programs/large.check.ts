/** Objects as large as there are: read headless, and dropped on the page, which must stay alive. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, servePage } from '../../src/cli/chromium';
import { readObjectFile } from '../../src/cli/object_file';
import { pngFile } from '../image/png_files';
import { glbOf, square, squareUvs, triangles } from '../object/files';

/** Seconds of processor time and bytes that reading may take: a limit on what is kept in memory too. */
const most = { seconds: 60, bytes: 3 * 2 ** 30 };

let folder: string;
const path = (name: string) => join(folder, name);
const files = ['triangles.glb', 'texture.glb'];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-large-'));
  await writeFile(path('triangles.glb'), waves(2000, 1000));
  const image = pngFile({ width: 8192, height: 8192, type: 0, depth: 8 });
  await writeFile(path('texture.glb'), triangles({ positions: square, uvs: squareUvs, image }));
});
afterAll(() => rm(folder, { recursive: true }));

/** A sphere with waves on it, of 2 * columns * rows triangles. */
function waves(columns: number, rows: number): Uint8Array {
  const positions = new Float32Array(3 * (columns + 1) * (rows + 1));
  const indices = new Uint32Array(6 * columns * rows);
  let at = 0;
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const [along, down] = [(2 * Math.PI * column) / columns, (Math.PI * row) / rows];
      const r = 1 + 0.05 * Math.sin(20 * along) * Math.sin(20 * down);
      positions[at++] = r * Math.sin(down) * Math.cos(along);
      positions[at++] = r * Math.cos(down);
      positions[at++] = r * Math.sin(down) * Math.sin(along);
    }
  }
  at = 0;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [a, b] = [row * (columns + 1) + column, (row + 1) * (columns + 1) + column];
      for (const vertex of [a, b, a + 1, a + 1, b, b + 1]) indices[at++] = vertex;
    }
  }
  const [head, tail] = [Buffer.from(positions.buffer), Buffer.from(indices.buffer)];
  return glbOf(
    {
      asset: { version: '2.0' },
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 }, indices: 1 }] }],
      accessors: [
        { bufferView: 0, componentType: 5126, count: positions.length / 3, type: 'VEC3' },
        { bufferView: 1, componentType: 5125, count: indices.length, type: 'SCALAR' },
      ],
      bufferViews: [
        { buffer: 0, byteLength: head.length },
        { buffer: 0, byteOffset: head.length, byteLength: tail.length },
      ],
      buffers: [{ byteLength: head.length + tail.length }],
    },
    Buffer.concat([head, tail]),
  );
}

test.each(files)('%s is read headless', async (file) => {
  const before = process.cpuUsage();
  const { mesh } = await readObjectFile(path(file));
  const { user, system } = process.cpuUsage(before);
  const { maxRSS } = process.resourceUsage();
  console.log(
    `${file}: ${((user + system) / 1e6).toFixed(1)} s, ${Math.round(maxRSS / 1024)} MiB at most`,
  );
  expect((user + system) / 1e6).toBeLessThan(most.seconds);
  expect(1024 * maxRSS).toBeLessThan(most.bytes);
  const [paint] = mesh.paints;
  if (file === 'texture.glb') expect(paint!.texture!.levels[0]!.width).toBe(4096);
  else expect(mesh.paintOf.length).toBe(4_000_000);
});

test('the page shows them, and lives', async () => {
  const server = await servePage();
  const browser = await launchChromium('software');
  const page = await browser.newPage();
  page.setDefaultTimeout(300_000);
  let isDead = false;
  page.on('crash', () => {
    isDead = true;
  });
  await page.goto(`${server.url}#exemplar.source=none`);
  await page.locator('#status span').first().waitFor();
  for (const file of files) {
    await page.locator('#exemplar input.files').setInputFiles(path(file));
    await page.locator('#exemplar .mine h3', { hasText: file }).waitFor();
    expect(await page.locator('#fatal').isVisible()).toBe(false);
  }
  expect(isDead).toBe(false);
  await browser.close();
  await server.close();
});
