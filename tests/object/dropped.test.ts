import { expect, test } from 'vitest';
import { readDropped } from '../../src/object/dropped';
import { refusal } from '../refusal';
import { pngOf } from './files';

const files = (entries: Readonly<Record<string, Uint8Array | string>>) =>
  new Map(
    Object.entries(entries).map(([path, content]) => [path, new Blob([content as BlobPart])]),
  );

const shape = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl a\nf 1/1 2/1 3/1\n';

test('a folder is an object with its library and its pictures', async () => {
  const { mesh, notes } = await readDropped(
    files({
      'chair/source/chair.obj': `mtllib chair.mtl\n${shape}`,
      'chair/source/chair.mtl': 'newmtl a\nmap_Kd ../textures/wood.png\n',
      'chair/textures/wood.png': pngOf(1, 2, 3),
      'chair/preview.jpg': 'not opened',
      '__MACOSX/chair/._chair.obj': 'not opened',
    }),
  );
  expect([...mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 3)]).toEqual([1, 2, 3]);
  expect(notes).toEqual([]);
});

test('files that were dropped without their folders are found by their names', async () => {
  const { mesh } = await readDropped(
    files({
      'chair.obj': `mtllib lib/chair.mtl\n${shape}`,
      'chair.mtl': 'newmtl a\nmap_Kd textures\\Wood.PNG\n',
      'wood.png': pngOf(1, 2, 3),
    }),
  );
  expect(mesh.paints[0]!.texture).toBeDefined();
});

test('of several formats the fullest is read', async () => {
  const { mesh } = await readDropped(files({ 'a.stl': 'solid x', 'a.obj': shape }));
  expect(mesh.paintOf.length).toBe(1);
});

test.each([
  ['several objects', { 'a.obj': shape, 'b.obj': shape }, /2 objects: a.obj, b.obj.*Give one/],
  [
    'no object',
    { 'a.txt': '', 'b.txt': '' },
    /no object among the 2 files.*GLB, glTF, OBJ, PLY and STL/,
  ],
  ['nothing', {}, /no object among the 0 files/],
  ['one file of another kind', { 'a.fbx': 'Kaydara FBX Binary' }, /a.fbx is an FBX/],
])('%s is refused', async (_, entries, words) => {
  expect(await refusal(readDropped(files(entries as Record<string, string>)))).toMatch(words);
});
