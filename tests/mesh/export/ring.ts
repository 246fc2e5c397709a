import { Box3, type BufferGeometry, type Group, type Mesh as ThreeMesh } from 'three';
import { expect } from 'vitest';
import type { Image } from '../../../src/image/image';
import { encodePng } from '../../../src/image/png_node';
import type { MeshFile } from '../../../src/mesh/export';
import type { Mesh } from '../../../src/mesh/surface/extract';
import { simplifyMesh } from '../../../src/mesh/surface/simplify';
import { bakeTexture } from '../../../src/mesh/texture/bake';
import type { Texture } from '../../../src/mesh/texture/texture';
import { unwrapMesh } from '../../../src/mesh/texture/unwrap';
import { torus } from '../../reference/marching_cubes_shapes';
import { gradient, meshOf, openSides, paint } from '../meshes';

/** Side of the ring's texture in texels. */
const size = 128;

/** A torus with a texture that shows its vertex colours. */
export interface Ring {
  readonly mesh: Mesh;
  readonly image: Image;
  readonly texture: Texture;
}

export async function texturedRing(): Promise<Ring> {
  const mesh = await simplifyMesh(meshOf(torus(0.6, 0.2), 33), { triangles: 600 });
  const atlas = await unwrapMesh(mesh, size);
  const image = await bakeTexture(paint(gradient), mesh, atlas, size);
  return { mesh, image, texture: { atlas, png: await encodePng(image) } };
}

export const names = (files: readonly MeshFile[]) => files.map(({ name }) => name);

/** Checks that a closed geometry has as many triangles as a mesh, within the bounds of some positions. */
export function expectSameSurface(
  positions: Float32Array,
  mesh: Mesh,
  geometry: BufferGeometry,
  precision: number,
) {
  const { position } = geometry.attributes;
  const index = geometry.index?.array ?? Uint32Array.from({ length: position!.count }, (_, i) => i);
  expect(index.length).toBe(mesh.indices.length);
  expect(openSides(position!.array, index)).toBe(0);
  const expected = new Box3().setFromArray(positions);
  geometry.computeBoundingBox();
  for (const end of ['min', 'max'] as const) {
    const found = geometry.boundingBox![end].toArray();
    expected[end].toArray().forEach((value, axis) => {
      expect(found[axis]).toBeCloseTo(value, precision);
    });
  }
}

/** The one mesh of a group. */
export const only = (group: Group) => {
  expect(group.children.length).toBe(1);
  return group.children[0] as ThreeMesh<BufferGeometry>;
};

/** Checks the colours of a geometry, display sRGB in linear light, to some digits. */
export function expectColours(
  mesh: Mesh,
  geometry: BufferGeometry,
  vertexAt: (i: number) => number,
  digits: number,
) {
  const { color } = geometry.attributes;
  const display = (value: number) =>
    value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
  for (let i = 0; i < color!.count; i += 7) {
    for (let c = 0; c < 3; c++) {
      const expected = mesh.colours[3 * vertexAt(i) + c]!;
      expect(display(color!.getComponent(i, c))).toBeCloseTo(expected, digits);
    }
  }
}
