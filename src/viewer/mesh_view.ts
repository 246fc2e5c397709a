import { texture as textureNode } from 'three/tsl';
import * as THREE from 'three/webgpu';

/** A closed triangle mesh in the world of the cameras. */
export interface ShownSurface {
  /** f32 [vertices, 3] */
  readonly positions: Float32Array;
  /** u32 [triangles, 3] */
  readonly indices: Uint32Array;
}

/** A mesh as it leaves: with its colours at the vertices, or on an image. */
export interface ShownMesh extends ShownSurface {
  /** f32 [vertices, 3], unit. */
  readonly normals: Float32Array;
  /** f32 [vertices, 3], display sRGB; undefined for a file that has none. */
  readonly colours: Float32Array | undefined;
  readonly texture: { readonly uvs: Float32Array; readonly image: ImageBitmap } | undefined;
  /** Whether its colours are shown as they are, whatever the light. */
  readonly unlit: boolean;
}

/** A mesh in a scene, and how to be rid of it. */
export interface MeshView {
  readonly object: THREE.Object3D;
  dispose(): void;
}

/** Drawn after the ground and the field. */
const order = 2;
/** Of the lines, display sRGB: neither the page's colours nor many an object's. */
const lineColour = new THREE.Color(0.22, 0.36, 0.95);
/** Of a mesh without colours. */
const plain = new THREE.Color(0.72, 0.69, 0.65);

/** The edges of a surface that face the camera, over whatever is there. */
export function linesOf({ positions, indices }: ShownSurface): MeshView {
  const points = new THREE.BufferAttribute(positions, 3);
  const faces = new THREE.BufferGeometry().setAttribute('position', points);
  faces.setIndex(new THREE.BufferAttribute(indices, 1));
  const edges = new THREE.BufferGeometry().setAttribute('position', points);
  edges.setIndex(new THREE.BufferAttribute(edgesOf(indices), 1));
  // Writes distances alone, so that lines behind the surface are hidden.
  const hiding = new THREE.MeshBasicNodeMaterial({
    colorWrite: false,
    polygonOffset: true,
    polygonOffsetFactor: 1,
    polygonOffsetUnits: 1,
  });
  const drawing = new THREE.LineBasicNodeMaterial({
    color: lineColour,
    transparent: true,
    opacity: 0.5,
  });
  const lines = new THREE.LineSegments(edges, drawing);
  lines.renderOrder = order;
  const object = new THREE.Group();
  object.add(new THREE.Mesh(faces, hiding), lines);
  return { object, dispose: () => disposeAll(faces, edges, hiding, drawing) };
}

/** The mesh itself. */
export function solidOf(mesh: ShownMesh): MeshView {
  const { positions, normals, indices, colours, texture, unlit } = mesh;
  const geometry = new THREE.BufferGeometry();
  geometry.setAttribute('position', new THREE.BufferAttribute(positions, 3));
  geometry.setAttribute('normal', new THREE.BufferAttribute(normals, 3));
  geometry.setIndex(new THREE.BufferAttribute(indices, 1));
  // Transparent ones are drawn in order; so this one comes after the ground.
  const options = { transparent: true };
  const material = unlit
    ? new THREE.MeshBasicNodeMaterial(options)
    : new THREE.MeshLambertNodeMaterial(options);
  const image = texture && new THREE.Texture(texture.image);
  if (texture && image) {
    // Row 0 of the image is at v = 0, as glTF has it.
    Object.assign(image, { flipY: false, colorSpace: THREE.NoColorSpace, needsUpdate: true });
    geometry.setAttribute('uv', new THREE.BufferAttribute(texture.uvs, 2));
    material.colorNode = textureNode(image);
  } else if (colours) {
    geometry.setAttribute('color', new THREE.BufferAttribute(colours, 3));
    material.vertexColors = true;
  } else material.color = plain;
  const body = new THREE.Mesh(geometry, material);
  body.renderOrder = order;
  const object = new THREE.Group();
  object.add(body, new THREE.AmbientLight(0xffffff, 1.6), lamp());
  const rest = image ? [image] : [];
  return { object, dispose: () => disposeAll(geometry, material, ...rest) };
}

/** Over the left shoulder of who looks from the front. */
function lamp(): THREE.Object3D {
  const light = new THREE.DirectionalLight(0xffffff, 2);
  light.position.set(-1, 1.6, 2);
  return light;
}

/** u32 [edges, 2]: of a closed surface, where each edge is in two triangles, once in either direction. */
function edgesOf(indices: Uint32Array): Uint32Array {
  const edges = new Uint32Array(indices.length);
  let count = 0;
  for (let i = 0; i < indices.length; i++) {
    const [from, to] = [indices[i]!, indices[i % 3 === 2 ? i - 2 : i + 1]!];
    if (from > to) continue;
    edges.set([from, to], count);
    count += 2;
  }
  return edges.subarray(0, count);
}

function disposeAll(...parts: readonly { dispose(): void }[]): void {
  for (const part of parts) part.dispose();
}
