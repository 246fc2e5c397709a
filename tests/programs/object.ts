import { encodePng } from '../../src/image/png_node';
import { seenColours } from '../../src/mesh/surface/colours';
import type { Mesh } from '../../src/mesh/surface/extract';
import { simplifyMesh } from '../../src/mesh/surface/simplify';
import { bakeTexture } from '../../src/mesh/texture/bake';
import type { Texture } from '../../src/mesh/texture/texture';
import { unwrapMesh } from '../../src/mesh/texture/unwrap';
import { meshOf, paint } from '../mesh/meshes';
import { sphere, union } from '../reference/marching_cubes_shapes';

/** What is exported: densely with its vertex colours, and lighter with a texture, as a field's mesh is. */
export interface Exported {
  readonly mesh: Mesh;
  readonly textured: { readonly mesh: Mesh; readonly texture: Texture };
}

/**
 * A figure whose every side has another length, and whose top, front and right look like no other side: a body, a
 * smaller head, a long nose to the front, a hand to the right.
 */
const figure = union(
  sphere(0.45, [0, -0.35, 0]),
  sphere(0.3, [0, 0.35, 0]),
  sphere(0.12, [0, 0.35, 0.32]),
  sphere(0.15, [0.5, -0.25, 0]),
);

/** Dark and bright, saturated and grey, and never the same on two sides. */
const colours = (x: number, y: number, z: number): [number, number, number] => [
  0.5 + 0.45 * Math.sin(3 * y + 2 * x),
  0.45 + 0.4 * Math.sin(4 * z - 2 * y + 1),
  0.5 + 0.45 * Math.cos(3 * x + z),
];

const textureSide = 512;

export async function exportedObject(): Promise<Exported> {
  const surface = meshOf(figure, 65);
  const seen = await seenColours(paint(colours), surface.positions, surface.normals);
  const mesh = { ...surface, colours: seen };
  const light = await simplifyMesh(mesh, { triangles: 3000 });
  const atlas = await unwrapMesh(light, textureSide);
  const png = await encodePng(await bakeTexture(paint(colours), light, atlas, textureSide));
  return { mesh, textured: { mesh: light, texture: { atlas, png } } };
}
