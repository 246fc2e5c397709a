import { expect, test } from 'vitest';
import { exportMesh, formats } from '../../../src/mesh/export';
import { refusal } from '../../refusal';
import { texturedRing } from './ring';

const { mesh, texture } = await texturedRing();

test.each(formats)('%s: the same mesh gives the same bytes', async (format) => {
  const once = await exportMesh(mesh, format, { texture, prompt: 'a ring' });
  expect(await exportMesh(mesh, format, { texture, prompt: 'a ring' })).toEqual(once);
});

test('an unknown format is refused', async () => {
  expect(await refusal(exportMesh(mesh, 'fbx' as never))).toBe(
    "Unknown mesh format 'fbx'. Choose one of glb, obj, ply, stl, 3mf, usdz.",
  );
  await expect(exportMesh(mesh, 'toString' as never)).rejects.toThrow(/Unknown mesh format/);
});
