import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readObjectFile } from '../../src/cli/object_file';
import { pngOf } from '../object/files';
import { refusal } from '../refusal';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
});
afterAll(() => rm(folder, { recursive: true }));

test('an object brings its materials and textures from its folder', async () => {
  await mkdir(join(folder, 'images'));
  await writeFile(join(folder, 'images/paint.png'), pngOf(10, 20, 30));
  await writeFile(join(folder, 'a.mtl'), 'newmtl a\nmap_Kd images/paint.png\n');
  const text = 'mtllib a.mtl\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nusemtl a\nf 1/1 2/1 3/1\n';
  await writeFile(join(folder, 'a.obj'), text);
  const { mesh } = await readObjectFile(join(folder, 'a.obj'));
  const { data } = mesh.paints[0]!.texture!.levels[0]!;
  expect([...data.subarray(0, 3)]).toEqual([10, 20, 30]);
});

test('a file that is missing is named with its path', async () => {
  expect(await refusal(readObjectFile(join(folder, 'nowhere.glb')))).toMatch(
    /nowhere.glb cannot be read.*Check the path/,
  );
});
