import { expect, test } from 'vitest';
import type { Image } from '../../../src/image/image';
import type { Mesh } from '../../../src/mesh/surface/extract';
import { bakeTexture, dilate, surfaceTexels } from '../../../src/mesh/texture/bake';
import { type Atlas, unwrapMesh } from '../../../src/mesh/texture/unwrap';
import { sphere } from '../../reference/marching_cubes_shapes';
import { gradient, meshOf, paint } from '../meshes';

/** A unit square in z = 0 that fills the image, v down as y goes down. */
const square: Mesh = {
  positions: Float32Array.of(0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0),
  normals: Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1),
  colours: new Float32Array(12),
  indices: Uint32Array.of(0, 1, 2, 0, 2, 3),
};
const filling: Atlas = {
  vertices: Uint32Array.of(0, 1, 2, 3),
  uvs: Float32Array.of(0, 0, 0, 1, 1, 1, 1, 0),
  indices: square.indices,
};

test('texels lie on the surface at their centres, row 0 at the top', () => {
  const size = 5;
  const { texels, positions, normals } = surfaceTexels(square, filling, size);
  expect([...texels]).toEqual(Array.from({ length: 25 }, (_, i) => i));
  for (let i = 0; i < 25; i++) {
    expect(positions[3 * i]).toBeCloseTo(((i % size) + 0.5) / size, 5);
    expect(positions[3 * i + 1]).toBeCloseTo(1 - (Math.floor(i / size) + 0.5) / size, 5);
    expect([...normals.subarray(3 * i, 3 * i + 3)]).toEqual([0, 0, 1]);
  }
});

test('a triangle without an area covers nothing', () => {
  const line = { ...filling, uvs: Float32Array.of(0, 0, 0.5, 0.5, 1, 1, 1, 1) };
  expect(surfaceTexels(square, line, 8).texels.length).toBe(0);
});

/** Bilinear, as a GPU samples; u, v in [0, 1] from the top left. */
function sample({ data, width }: Image, u: number, v: number): number[] {
  const clamp = (at: number) => Math.min(Math.max(at, 0), width - 1);
  const [x, y] = [u * width - 0.5, v * width - 0.5];
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  return [0, 1, 2].map((c) => {
    const at = (i: number, j: number) => data[4 * (clamp(j) * width + clamp(i)) + c]! / 255;
    const row = (j: number) => at(x0, j) * (1 - (x - x0)) + at(x0 + 1, j) * (x - x0);
    return row(y0) * (1 - (y - y0)) + row(y0 + 1) * (y - y0);
  });
}

const radius = 0.7;
/** The colour of a direction: the same at all depths, so that it does not matter how deep rays see. */
const outwards = (colour: typeof gradient): typeof gradient => {
  return (x, y, z) => {
    const scale = radius / Math.hypot(x, y, z);
    return colour(scale * x, scale * y, scale * z);
  };
};

test('a texture agrees with the vertex colours, on seams from both sides', async () => {
  const size = 256;
  const mesh = meshOf(sphere(radius), 25, outwards(gradient));
  const atlas = await unwrapMesh(mesh, size);
  const image = await bakeTexture(paint(outwards(gradient)), mesh, atlas, size);
  let worst = 0;
  atlas.vertices.forEach((vertex, i) => {
    const found = sample(image, atlas.uvs[2 * i]!, atlas.uvs[2 * i + 1]!);
    for (let c = 0; c < 3; c++) {
      worst = Math.max(worst, Math.abs(found[c]! - mesh.colours[3 * vertex + c]!));
    }
  });
  // A texel is 0.01 wide here, and the gradient 0.4: one level is rounding, one half a texel.
  expect(worst).toBeLessThan(3 / 255);
  const alpha = image.data.filter((_, i) => i % 4 === 3);
  expect(alpha.every((value) => value === 255)).toBe(true);
});

test('a texture shows what vertices are too far apart for', async () => {
  const stripes: typeof gradient = (_, y) => [Math.sin(60 * y) > 0 ? 1 : 0, 0.5, 0];
  const size = 512;
  const mesh = meshOf(sphere(radius), 13, outwards(stripes));
  const atlas = await unwrapMesh(mesh, size);
  const image = await bakeTexture(paint(outwards(stripes)), mesh, atlas, size);
  const { texels, positions } = surfaceTexels(mesh, atlas, size);
  let right = 0;
  texels.forEach((texel, i) => {
    const [x, y, z] = positions.subarray(3 * i, 3 * i + 3) as unknown as [number, number, number];
    if (Math.abs(image.data[4 * texel]! / 255 - outwards(stripes)(x, y, z)[0]) < 0.5) right++;
  });
  expect(right / texels.length).toBeGreaterThan(0.97);
});

test('baking twice gives the same bytes', async () => {
  const mesh = meshOf(sphere(0.7), 13);
  const atlas = await unwrapMesh(mesh, 64);
  const bake = () => bakeTexture(paint(gradient), mesh, atlas, 64);
  expect(await bake()).toEqual(await bake());
});

test('colours spread over the whole image from where they are', () => {
  const size = 4;
  const rgb = new Float32Array(3 * size * size);
  const filled = new Uint8Array(size * size);
  rgb.set([1, 0, 0], 0);
  rgb.set([0, 0, 1], 3 * 15);
  filled[0] = filled[15] = 1;
  dilate(rgb, filled, size);
  expect(filled.every((value) => value === 1)).toBe(true);
  expect([...rgb.subarray(3, 6)]).toEqual([1, 0, 0]);
  expect([...rgb.subarray(3 * 10, 3 * 10 + 3)]).toEqual([0, 0, 1]);
  expect(rgb[3 * 5]).toBe(1);
  expect(rgb[3 * 3]! + rgb[3 * 3 + 2]!).toBeCloseTo(1, 6);
  const nothing = new Float32Array(12);
  dilate(nothing, new Uint8Array(4), 2);
  expect([...nothing]).toEqual(Array(12).fill(0));
});
