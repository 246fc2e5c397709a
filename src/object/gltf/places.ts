import { Matrix4, Quaternion, Vector3 } from 'three';
import type { Gltf } from './document';

/** A file whose nodes do nothing but place meshes, one node a mesh, and where each mesh stands. */
export interface PlacedMeshes {
  readonly gltf: Gltf;
  /** By the number of a mesh. */
  readonly places: readonly (readonly Matrix4[])[];
}

/**
 * Takes the places of meshes out of the nodes: a city of 70,000 nodes has a few meshes, and three would make an object
 * for every node. Undefined where a node does more than place a mesh: skins, instances, morph weights of its own.
 */
export function placedMeshes(gltf: Gltf): PlacedMeshes | undefined {
  const { nodes, meshes, scenes } = gltf;
  const doesMore = nodes.some(
    ({ skin, weights, extensions }) =>
      skin !== undefined ||
      weights !== undefined ||
      extensions?.EXT_mesh_gpu_instancing !== undefined,
  );
  if (doesMore) return undefined;
  const places = meshes.map((): Matrix4[] => []);
  const open = (scenes[0]?.nodes ?? []).map((node) => ({ node, above: new Matrix4() }));
  for (let next = open.pop(); next; next = open.pop()) {
    const { mesh, children = [] } = nodes[next.node]!;
    const place = ownMatrix(nodes[next.node]!).premultiply(next.above);
    if (mesh !== undefined) places[mesh]!.push(place);
    for (const child of children) open.push({ node: child, above: place });
  }
  const shown = meshes.map((_, mesh) => ({ mesh: places[mesh]!.length > 0 ? mesh : undefined }));
  return {
    gltf: { ...gltf, scenes: [{ nodes: [...shown.keys()] }], nodes: shown as Gltf['nodes'] },
    places,
  };
}

function ownMatrix({ matrix, translation, rotation, scale }: Gltf['nodes'][number]): Matrix4 {
  if (matrix) return new Matrix4().fromArray(matrix);
  return new Matrix4().compose(
    new Vector3().fromArray(translation ?? [0, 0, 0]),
    new Quaternion().fromArray(rotation ?? [0, 0, 0, 1]),
    new Vector3().fromArray(scale ?? [1, 1, 1]),
  );
}
