import {
  type BufferAttribute,
  ClampToEdgeWrapping,
  Color,
  type InstancedMesh,
  Matrix4,
  type Mesh,
  type MeshStandardMaterial,
  MirroredRepeatWrapping,
  type Object3D,
  RepeatWrapping,
  type Texture,
  Vector2,
  Vector3,
} from 'three';
import type { Image } from '../image/image';
import {
  ObjectError,
  type ObjectMesh,
  type Paint,
  type TextureImage,
  type Wrap,
} from './object_mesh';
import { decodeTexture, mipLevels } from './texture_image';

/** More triangles than this are refused: drawing the views would take longer than fitting them. */
const mostTriangles = 4_000_000;

/** @throws ObjectError naming the limit. */
export function checkTriangles(count: number, name: string): void {
  if (count === 0) {
    throw new ObjectError(
      `${name} has no triangles: points and lines cannot be fitted.`,
      'Save the object as a triangle mesh.',
    );
  }
  if (count <= mostTriangles) return;
  throw new ObjectError(
    `${name} has ${count.toLocaleString('en')} triangles; at most ${mostTriangles.toLocaleString('en')} are fitted.`,
    'Simplify it first: a view of a few hundred pixels shows no more.',
  );
}

/** What is read of a material of any kind. */
type Material = Pick<
  MeshStandardMaterial,
  'color' | 'map' | 'vertexColors' | 'alphaTest' | 'transparent'
>;

/** Triangles of one mesh that share a material: a range of its index. */
interface ScenePart {
  readonly mesh: Mesh;
  readonly material: Material;
  readonly start: number;
  readonly count: number;
  readonly place: Matrix4;
}

/** A texture's file, PNG or JPEG. */
export interface TextureFile {
  /** What errors call it; no other texture of the scene has the same. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A scene as a loader gives it, and the files of its textures. */
export interface LoadedScene {
  readonly root: Object3D;
  textureFile(texture: Texture): Promise<TextureFile>;
}

/** Alpha at which a blended texel counts as there: a field fitted to colours knows no glass. */
const blendCutoff = 0.5;

/**
 * All triangles of a scene in world coordinates, in the pose that it is saved in.
 * @throws ObjectError for no triangles or too many, and for a texture that cannot be read.
 */
export async function flatten(scene: LoadedScene, name: string): Promise<ObjectMesh> {
  const parts = partsOf(scene.root);
  const corners = parts.reduce((sum, { count }) => sum + count, 0);
  checkTriangles(corners / 3, name);
  const mesh = {
    positions: new Float32Array(3 * corners),
    colours: new Float32Array(3 * corners),
    uvs: new Float32Array(2 * corners),
    indices: new Uint32Array(corners).map((_, i) => i),
    paintOf: new Uint16Array(corners / 3),
    paints: [] as Paint[],
  };
  const textures = new Textures(scene);
  let corner = 0;
  for (const part of parts) {
    const paint = mesh.paints.push(paintFor(part.material, await textures.of(part))) - 1;
    if (paint > 0xffff) {
      throw new ObjectError(`${name} has more than 65,536 materials.`, 'Merge some of them.');
    }
    mesh.paintOf.fill(paint, corner / 3, (corner + part.count) / 3);
    writePart(mesh, part, corner);
    corner += part.count;
  }
  return mesh;
}

/** Writes a part's corners from `first` on. */
function writePart(
  { positions, colours, uvs }: ObjectMesh,
  { mesh, material, start, count, place }: ScenePart,
  first: number,
): void {
  const { index, attributes } = mesh.geometry;
  const tints = material.vertexColors ? attributes.color : undefined;
  const map = material.map ?? undefined;
  const coordinates = coordinatesOf(mesh, map);
  map?.updateMatrix();
  const point = new Vector3();
  const uv = new Vector2();
  const tint = material.color ?? new Color(1, 1, 1);
  const colour = new Color();
  for (let i = 0; i < count; i++) {
    const vertex = index ? index.getX(start + i) : start + i;
    const corner = first + i;
    mesh
      .getVertexPosition(vertex, point)
      .applyMatrix4(place)
      .toArray(positions, 3 * corner);
    colour.copy(tint);
    if (tints) {
      colour.r *= tints.getX(vertex);
      colour.g *= tints.getY(vertex);
      colour.b *= tints.getZ(vertex);
    }
    colour.toArray(colours, 3 * corner);
    if (!map || !coordinates) continue;
    uv.set(coordinates.getX(vertex), coordinates.getY(vertex)).applyMatrix3(map.matrix);
    uvs[2 * corner] = uv.x;
    uvs[2 * corner + 1] = map.flipY ? 1 - uv.y : uv.y;
  }
}

/** The coordinates that a texture is read at; undefined where the mesh has none. */
function coordinatesOf({ geometry }: Mesh, map: Texture | undefined) {
  if (!map) return undefined;
  const name = map.channel === 0 ? 'uv' : `uv${map.channel}`;
  return geometry.attributes[name] as BufferAttribute | undefined;
}

function partsOf(scene: Object3D): ScenePart[] {
  const parts: ScenePart[] = [];
  scene.updateMatrixWorld(true);
  scene.traverseVisible((object) => {
    const mesh = object as Mesh;
    if (!mesh.isMesh) return;
    const { index, attributes, groups } = mesh.geometry;
    const all = (index ?? attributes.position)?.count ?? 0;
    const materials = [mesh.material].flat() as unknown as Material[];
    const ranges = materials.length > 1 ? groups : [{ start: 0, count: all, materialIndex: 0 }];
    for (const place of placesOf(mesh)) {
      for (const { start, count, materialIndex = 0 } of ranges) {
        const whole = Math.min(count, all - start);
        const material = (materials[materialIndex] ?? materials[0])!;
        parts.push({ mesh, material, start, count: whole - (whole % 3), place });
      }
    }
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

function paintFor({ alphaTest, transparent }: Material, texture: TextureImage | undefined): Paint {
  if (!texture) return { cutoff: 0 };
  return { texture, cutoff: alphaTest > 0 ? alphaTest : transparent ? blendCutoff : 0 };
}

const wraps = new Map<number, Wrap>([
  [RepeatWrapping, 'repeat'],
  [ClampToEdgeWrapping, 'clamp'],
  [MirroredRepeatWrapping, 'mirror'],
]);

/** The decoded textures of a scene, each file once. */
class Textures {
  readonly #scene: LoadedScene;
  readonly #levels = new Map<string, readonly Image[]>();

  constructor(scene: LoadedScene) {
    this.#scene = scene;
  }

  /** The image that a part shows, if any. */
  async of({ mesh, material: { map: texture } }: ScenePart): Promise<TextureImage | undefined> {
    if (!texture || !coordinatesOf(mesh, texture)) return undefined;
    const { name, bytes } = await this.#scene.textureFile(texture);
    const levels = this.#levels.get(name) ?? mipLevels(await decodeTexture(bytes, name));
    this.#levels.set(name, levels);
    return { levels, wrapS: wraps.get(texture.wrapS)!, wrapT: wraps.get(texture.wrapT)! };
  }
}
