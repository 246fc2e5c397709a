import { describe, expect, test } from 'vitest';
import { exportMesh } from '../../src/mesh/export';
import { meshOf as surfaceOf } from '../mesh/meshes';
import { pngOf, read, rounded, square, squareUvs, triangles } from './files';

describe('colours', () => {
  test('of vertices, as this program exports them', async () => {
    const surface = surfaceOf((x, y, z) => 2 * (0.6 - Math.hypot(x, y, z)) + 1, 16);
    const [glb] = await exportMesh(surface, 'glb');
    const { mesh } = await read('export.glb', glb!.bytes);
    expect(mesh.paintOf.length).toBe(surface.indices.length / 3);
    const first = surface.indices[0]!;
    const linear = [0, 1, 2].map((c) => {
      const display = surface.colours[3 * first + c]!;
      return display <= 0.04045 ? display / 12.92 : ((display + 0.055) / 1.055) ** 2.4;
    });
    expect(rounded(mesh.colours.subarray(0, 3))).toEqual(rounded(linear));
  });

  test('of a material, times its texture', async () => {
    const json = {
      materials: [
        {
          pbrMetallicRoughness: { baseColorFactor: [0.5, 1, 0, 1], baseColorTexture: { index: 0 } },
        },
      ],
    };
    const image = pngOf(255, 128, 0);
    const { mesh } = await read(
      'png.glb',
      triangles({ positions: square, uvs: squareUvs, image, json }),
    );
    expect([...mesh.colours.subarray(0, 3)]).toEqual([0.5, 1, 0]);
    expect([...mesh.uvs.subarray(0, 4)]).toEqual([0, 1, 1, 1]);
    const { texture } = mesh.paints[mesh.paintOf[0]!]!;
    expect([...texture!.levels[0]!.data.subarray(0, 4)]).toEqual([255, 128, 0, 255]);
    expect([texture!.wrapS, texture!.wrapT, texture!.levels.length]).toEqual([
      'clamp',
      'mirror',
      3,
    ]);
  });
});
