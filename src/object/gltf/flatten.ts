import {
  type BufferAttribute,
  type InstancedMesh,
  Matrix4,
  type Mesh,
  type Object3D,
  Vector3,
} from 'three';
import { colourScale, within } from '../colour_scale';
import { checkTriangles, MeshBuilder } from '../mesh_builder';
import { ObjectError, type ObjectMesh } from '../object_mesh';
import { type Look, plainLook, type TextureUse } from './materials';

/** Triangles of one material, in one place. */
export interface Part {
  readonly mesh: Mesh;
  readonly look: number;
  readonly place: Matrix4;
}

/**
 * All triangles of a scene's parts in world coordinates. What is transparent is left out.
 * @throws ObjectError for no triangles or too many, and for indices beyond the vertices.
 */
export function flatten(parts: readonly Part[], looks: readonly Look[], name: string): ObjectMesh {
  const total = parts.reduce((sum, { mesh }) => sum + Math.floor(cornersOf(mesh) / 3), 0);
  checkTriangles(total, name);
  const builder = new MeshBuilder(name, Math.max(total, 1));
  const checked = new Set<unknown>();
  let left = 0;
  for (const { mesh, look, place } of parts) {
    if (!checked.has(mesh.geometry)) checkIndices(mesh, name);
    checked.add(mesh.geometry);
    left += addPart(builder, mesh, looks[look] ?? plainLook, look, place);
  }
  if (total > 0 && left === total) {
    throw new ObjectError(
      `${name} is transparent everywhere: alpha is below one half, or below its cutoff.`,
      'Save it with opaque materials.',
    );
  }
  return builder.mesh();
}

const cornersOf = ({ geometry: { index, attributes } }: Mesh): number =>
  (index ?? attributes.position)?.count ?? 0;

/**
 * The parts of a scene, in the pose that it is saved in.
 * @param places of each child of the scene, where its nodes do not say them.
 */
export function partsOf(scene: Object3D, places?: readonly (readonly Matrix4[])[]): Part[] {
  const parts: Part[] = [];
  scene.updateMatrixWorld(true);
  scene.children.forEach((child, i) => {
    child.traverse((object) => {
      const mesh = object as Mesh;
      // A damaged compressed mesh may have no positions.
      if (!mesh.isMesh || !mesh.geometry.attributes.position) return;
      const { look = -1 } = [mesh.material].flat()[0]!.userData as { look?: number };
      for (const place of places?.[i] ?? placesOf(mesh)) parts.push({ mesh, look, place });
    });
  });
  return parts;
}

/** Where a mesh stands: more than once when it is instanced. */
function placesOf(mesh: Mesh): Matrix4[] {
  const instanced = mesh as InstancedMesh;
  if (!instanced.isInstancedMesh) return [mesh.matrixWorld];
  return Array.from({ length: instanced.count }, (_, i) => {
    const own = new Matrix4();
    instanced.getMatrixAt(i, own);
    return own.premultiply(mesh.matrixWorld);
  });
}

/** @throws ObjectError naming a triangle whose index is none of the vertices'. */
function checkIndices({ geometry: { index, attributes } }: Mesh, name: string): void {
  const vertices = attributes.position!.count;
  for (let i = 0; index && i < index.count; i++) {
    const vertex = index.getX(i);
    if (vertex < vertices) continue;
    throw new ObjectError(
      `${name}: face ${Math.floor(i / 3) + 1} names vertex ${vertex} of ${vertices}.`,
      'Repair the mesh and save it again.',
    );
  }
}

/** Adds the triangles of a part. @returns how many were left out. */
function addPart(builder: MeshBuilder, mesh: Mesh, look: Look, id: number, place: Matrix4): number {
  const { index, attributes } = mesh.geometry;
  const colours = attributes.color as BufferAttribute | undefined;
  const full = colours ? colourScale(largestOf(colours)) : 1;
  const base = coordinatesOf(mesh, look.base);
  const glow = coordinatesOf(mesh, look.emission?.use);
  const alphas = colours && colours.itemSize > 3 && look.cutoff > 0 ? colours : undefined;
  // A texel's alpha is multiplied by the material's, which is the same as a higher cutoff.
  const cutoff = base && look.cutoff > 0 ? look.cutoff / Math.max(look.alpha, 1e-6) : 0;
  const texture = base && look.base!.texture;
  const emission = look.emission && {
    colour: look.emission.colour,
    texture: glow && look.emission.use!.texture,
  };
  const key = texture || emission ? `${id} ${Boolean(base)} ${Boolean(glow)}` : 'plain';
  const paint = builder.paint(key, { texture, cutoff, emission });
  const point = new Vector3();
  const count = Math.floor(cornersOf(mesh) / 3);
  let left = 0;
  for (let triangle = 0; triangle < count; triangle++) {
    const vertices = [0, 1, 2].map((k) =>
      index ? index.getX(3 * triangle + k) : 3 * triangle + k,
    );
    const own = alphas ? vertices.reduce((sum, vertex) => sum + alphas.getW(vertex) / 3, 0) : 1;
    if (look.cutoff > 0 && look.alpha * own < look.cutoff) {
      left++;
      continue;
    }
    const first = builder.triangle(paint);
    for (let k = 0; k < 3; k++) {
      const [vertex, corner] = [vertices[k]!, first + k];
      const { x, y, z } = mesh.getVertexPosition(vertex, point).applyMatrix4(place);
      builder.position(corner, x, y, z);
      const [red, green, blue] = look.colour;
      if (colours) {
        const [r, g, b] = [colours.getX(vertex), colours.getY(vertex), colours.getZ(vertex)];
        builder.colour(
          corner,
          red * within(r / full),
          green * within(g / full),
          blue * within(b / full),
        );
      } else builder.colour(corner, red, green, blue);
      if (base) builder.uv(corner, ...placed(look.base!, base, vertex));
      if (glow) builder.emissionUv(corner, ...placed(look.emission!.use!, glow, vertex));
    }
  }
  return left;
}

/** The largest component of colours, without alpha. */
function largestOf(colours: BufferAttribute): number {
  let largest = 0;
  for (let i = 0; i < colours.count; i++) {
    largest = Math.max(largest, colours.getX(i), colours.getY(i), colours.getZ(i));
  }
  return largest;
}

/** The coordinates that a texture is read at; undefined where the mesh has none. */
function coordinatesOf(
  { geometry }: Mesh,
  use: TextureUse | undefined,
): BufferAttribute | undefined {
  if (!use) return undefined;
  const name = use.channel === 0 ? 'uv' : `uv${use.channel}`;
  return geometry.attributes[name] as BufferAttribute | undefined;
}

function placed({ transform }: TextureUse, uvs: BufferAttribute, vertex: number): [number, number] {
  const [a, b, c, d, e, f] = transform;
  const [u, v] = [uvs.getX(vertex), uvs.getY(vertex)];
  return [a * u + b * v + c, d * u + e * v + f];
}
