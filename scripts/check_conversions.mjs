/**
 * `node scripts/check_conversions.mjs FOLDER [COUNT]`: converts GLBs of a folder, whose colours are at their vertices, by
 * assimp to each format that is read, and says how far their pictures are from the original's. Needs `assimp`
 * (Debian: assimp-utils).
 *
 * What assimp does on its own is kept out of the comparison, by the files that it is given. It copies colours without
 * asking what they mean, so formats of display colours get a source of display colours. And before it writes glTF it
 * merges vertices at one place though their colours differ, so there every vertex has a texture coordinate of its own.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { runnerImport } from 'vite';
import { root } from './setup/paths.mjs';

/** assimp's names of formats, the ending of their files, and what they keep of colours. */
/** @type {readonly { id: string, ending: string, colours: 'linear' | 'display' | 'none' }[]} */
const formats = [
  { id: 'glb2', ending: 'glb', colours: 'linear' },
  { id: 'gltf2', ending: 'gltf', colours: 'linear' },
  { id: 'obj', ending: 'obj', colours: 'display' },
  { id: 'ply', ending: 'ply', colours: 'display' },
  { id: 'plyb', ending: 'ply', colours: 'display' },
  { id: 'stl', ending: 'stl', colours: 'none' },
  { id: 'stlb', ending: 'stl', colours: 'none' },
];

const [, , folder = '', count = '200'] = process.argv;
const load = async (/** @type {string} */ path) => (await runnerImport(join(root, path))).module;
const { readObjectFile } = await load('src/cli/object_file.ts');
const { objectViews } = await load('src/object/views.ts');
const { ringCameras } = await load('src/render/camera.ts');
const cameras = ringCameras(4, { elevation: 20, distance: 3.07, fovy: 40 });

const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.glb'))
  .sort();
const every = Math.max(1, Math.floor(all.length / Number(count)));
const chosen = all.filter((_, i) => i % every === 0).slice(0, Number(count));
const work = mkdtempSync(join(tmpdir(), 'limbeck-conversions-'));
const differences = new Map(
  formats.map(({ id }) => [id, /** @type {{ file: string, difference: number }[]} */ ([])]),
);

for (const file of chosen) {
  const path = join(folder, file);
  const object = await readObjectFile(path, 'y');
  const white = { ...object.mesh, colours: new Float32Array(object.mesh.colours.length).fill(1) };
  const views = {
    display: objectViews(object.mesh, cameras, 64),
    none: objectViews(white, cameras, 64),
  };
  const sources = {
    linear: join(work, 'linear.glb'),
    display: join(work, 'display.glb'),
    none: path,
  };
  writeFileSync(sources.linear, withOwnCoordinates(readFileSync(path)));
  writeFileSync(sources.display, withDisplayColours(readFileSync(path)));
  for (const { id, ending, colours } of formats) {
    const target = join(work, `${id}.${ending}`);
    const args = ['export', sources[colours], target, `-f${id}`];
    const { status, stderr } = spawnSync('assimp', args, { encoding: 'utf8' });
    if (status !== 0) throw new Error(`assimp cannot convert ${file} to ${id}: ${stderr}`);
    const found = await readObjectFile(target, 'y').then(
      (/** @type {any} */ { mesh }) => objectViews(mesh, cameras, 64),
      (/** @type {Error} */ error) => {
        console.log(`${basename(file)} as ${id}: ${error.message}`);
        return undefined;
      },
    );
    const wanted = colours === 'none' ? views.none : views.display;
    const sum = found?.reduce(
      (/** @type {number} */ total, /** @type {number} */ value, /** @type {number} */ i) =>
        total + Math.abs(value - wanted[i]),
      0,
    );
    differences
      .get(id)
      ?.push({ file, difference: sum === undefined ? Infinity : sum / wanted.length });
  }
}
rmSync(work, { recursive: true });

for (const [id, found] of differences) {
  const bad = found
    .filter(({ difference }) => !(difference < 1 / 255))
    .sort((a, b) => b.difference - a.difference);
  const worst = Math.max(...found.map(({ difference }) => difference));
  console.log(
    `${id}: ${found.length - bad.length} of ${found.length} below 1/255; worst ${(255 * worst).toFixed(3)}/255`,
  );
  for (const { file, difference } of bad.slice(0, 5))
    console.log(`  ${file}: ${(255 * difference).toFixed(2)}/255`);
}

/**
 * A GLB's JSON and its binary part.
 *
 * @param {Buffer} glb
 */
function taken(glb) {
  const end = 20 + glb.readUInt32LE(12);
  return {
    json: JSON.parse(glb.subarray(20, end).toString()),
    binary: Buffer.from(glb.subarray(end + 8)),
  };
}

/**
 * @param {object} json
 * @param {Buffer} binary
 */
function joined(json, binary) {
  const text = Buffer.from(JSON.stringify(json));
  const padded = Buffer.concat([text, Buffer.alloc(-text.length & 3, ' ')]);
  const head = Buffer.alloc(20);
  head.write('glTF', 0);
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(28 + padded.length + binary.length, 8);
  head.writeUInt32LE(padded.length, 12);
  head.write('JSON', 16);
  const chunk = Buffer.alloc(8);
  chunk.writeUInt32LE(binary.length, 0);
  chunk.write('BIN', 4);
  return Buffer.concat([head, padded, chunk, binary]);
}

/**
 * The same GLB with a texture coordinate at every vertex that no other has.
 *
 * @param {Buffer} glb
 */
function withOwnCoordinates(glb) {
  const { json, binary } = taken(glb);
  const { attributes } = json.meshes[0].primitives[0];
  const { count } = json.accessors[attributes.POSITION];
  const own = Buffer.alloc(8 * count);
  for (let i = 0; i < count; i++) own.writeFloatLE(i, 8 * i);
  const start = Buffer.concat([binary, Buffer.alloc(-binary.length & 3)]);
  const view = { buffer: 0, byteOffset: start.length, byteLength: own.length };
  const bufferView = json.bufferViews.push(view) - 1;
  attributes.TEXCOORD_0 =
    json.accessors.push({ bufferView, componentType: 5126, count, type: 'VEC2' }) - 1;
  json.buffers[0].byteLength = start.length + own.length;
  return joined(json, Buffer.concat([start, own]));
}

/**
 * The same GLB with display sRGB where it has linear light, for colours of 16 bits.
 *
 * @param {Buffer} glb
 */
function withDisplayColours(glb) {
  const { json, binary } = taken(glb);
  const { accessors, bufferViews, meshes } = json;
  const { bufferView, count, componentType } =
    accessors[meshes[0].primitives[0].attributes.COLOR_0];
  if (componentType !== 5123) throw new Error('Colours of 16 bits are expected.');
  const start = bufferViews[bufferView].byteOffset ?? 0;
  for (let i = 0; i < 4 * count; i++) {
    if (i % 4 === 3) continue;
    const light = binary.readUInt16LE(start + 2 * i) / 65535;
    const shown = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
    binary.writeUInt16LE(Math.round(65535 * shown), start + 2 * i);
  }
  return joined(json, binary);
}
