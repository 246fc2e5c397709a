import { describe, expect, test } from 'vitest';
import { read, rounded, square, triangles } from './files';

describe('normalising', () => {
  test('the bounding box is centred and the farthest vertex is at distance 1', async () => {
    const { mesh, centre, radius } = await read('square.glb', triangles({ positions: square }));
    expect(centre).toEqual([5, 0, 1]);
    expect(radius).toBeCloseTo(Math.sqrt(8));
    expect(rounded(mesh.positions.subarray(0, 3))).toEqual(
      rounded([-Math.SQRT1_2, -Math.SQRT1_2, 0]),
    );
    expect([...mesh.colours.subarray(0, 3)]).toEqual([1, 1, 1]);
  });

  test('what is in the unit sphere stays as it is, bit for bit', async () => {
    const positions = [0, 0, -1, 0.3, 0.4, 0, 0, 0, 1, 0, 0, 1, -0.3, -0.4, 0, 0, 0, -1];
    const { mesh, radius } = await read('unit.glb', triangles({ positions }));
    expect(radius).toBe(1);
    expect([...mesh.positions]).toEqual([...Float32Array.from(positions)]);
  });

  test("nodes' places and instances count", async () => {
    const json = {
      nodes: [
        { mesh: 0, scale: [2, 1, 1], children: [1] },
        { mesh: 0, translation: [0, 0, 3] },
      ],
    };
    const { mesh, centre } = await read('nodes.glb', triangles({ positions: square, json }));
    expect(mesh.paintOf.length).toBe(4);
    expect(centre).toEqual([10, 0, 2.5]);
  });
});
