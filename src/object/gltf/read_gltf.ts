import type { Object3D } from 'three';
import { GLTFLoader } from 'three/addons/loaders/GLTFLoader.js';
import { checkTriangles } from '../mesh_builder';
import { ObjectError } from '../object_mesh';
import type { Reader, Reading } from '../reading';
import { Buffers } from './buffers';
import { checkDocument, checkExtensions } from './check';
import { damaged, openContainer } from './container';
import type { Gltf, GltfPrimitive } from './document';
import { flatten, partsOf } from './flatten';
import { type Look, Materials, plainLook } from './materials';
import { placedMeshes } from './places';

/** glTF's numbers for primitives of triangles. */
const triangleModes = { list: 4, strip: 5, fan: 6 };

/**
 * Reads a GLB, or a glTF with the files that it names. three's loader builds the scene; pictures, compression and
 * everything that it would fetch are brought here, and what a field has no use for is never opened.
 */
export const readGltf: Reader = async (bytes, reading) => {
  const { name } = reading;
  const container = openContainer(bytes, name);
  checkExtensions(container.gltf, name);
  checkTriangles(triangleCount(container.gltf), name);
  checkDocument(container.gltf, name);
  const buffers = new Buffers(container, reading);
  const needed = shownOnly(container.gltf, name);
  const isPacked = needed.meshes.some(({ primitives }) =>
    primitives.some(({ extensions }) => extensions?.KHR_draco_mesh_compression),
  );
  const view = (index: number) => buffers.view(index);
  const { gltf, views } = isPacked
    ? await (await import('./draco')).withoutDraco(needed, view, name)
    : { gltf: needed, views: new Map<number, ArrayBuffer>() };
  const placed = placedMeshes(gltf);
  const unpacked = async (index: number) => views.get(index) ?? view(index);
  const scene = await load(placed?.gltf ?? gltf, unpacked, reading);
  const looks = await looksOf(gltf, buffers, reading);
  return { mesh: flatten(partsOf(scene, placed?.places), looks, name) };
};

/** The looks of the materials that triangles have; the others' pictures are never opened. */
async function looksOf(gltf: Gltf, buffers: Buffers, reading: Reading): Promise<readonly Look[]> {
  const used = new Set(
    gltf.meshes.flatMap(({ primitives }) => primitives.map(({ material }) => material)),
  );
  const materials = new Materials(gltf, buffers, reading);
  const looks: Look[] = [];
  for (const [i, material] of gltf.materials.entries()) {
    looks.push(used.has(i) ? await materials.look(material) : plainLook);
  }
  return looks;
}

/** The scene that three builds; a material keeps its number as `userData.look`. */
async function load(
  gltf: Gltf,
  view: (index: number) => Promise<ArrayBuffer>,
  { name }: Reading,
): Promise<Object3D> {
  const loader = new GLTFLoader();
  loader.register(() => ({ name: 'buffer views', loadBufferView: view }) as never);
  const colours = colourAccessors(gltf);
  const plain = {
    asset: { version: '2.0' },
    extensionsUsed: ['KHR_mesh_quantization', 'EXT_mesh_gpu_instancing'],
    scene: 0,
    scenes: gltf.scenes,
    nodes: gltf.nodes,
    meshes: gltf.meshes,
    skins: gltf.skins,
    // three takes the bounds of positions from these and warns where they are missing; nobody asks it for bounds.
    accessors: gltf.accessors.map((accessor, i) => ({
      ...accessor,
      // Whole numbers are colours in no other way, said or not.
      ...(colours.has(i) && accessor.componentType !== float && { normalized: true }),
      min: [0, 0, 0],
      max: [0, 0, 0],
    })),
    bufferViews: gltf.bufferViews.map(({ extensions: _, ...bufferView }) => bufferView),
    materials: gltf.materials.map((_, look) => ({ extras: { look } })),
  };
  try {
    // three takes parsed JSON too, which its types do not say.
    const { scene } = await loader.parseAsync(plain as never, '');
    return scene;
  } catch (error) {
    if (error instanceof ObjectError) throw error;
    throw damaged(name, 'its meshes contradict themselves');
  }
}

/** glTF's number for floats. */
const float = 5126;

/** The accessors that hold colours. */
const colourAccessors = ({ meshes }: Gltf): ReadonlySet<number | undefined> =>
  new Set(
    meshes.flatMap(({ primitives }) => primitives.map(({ attributes }) => attributes.COLOR_0)),
  );

/** Attributes that decide where triangles are and what they look like. */
const shownAttributes = /^(POSITION|COLOR_0|TEXCOORD_\d+|JOINTS_\d+|WEIGHTS_\d+)$/;

/** The file's own scene, and of its meshes what is shown of them. @throws ObjectError for a file without nodes. */
function shownOnly(gltf: Gltf, name: string): Gltf {
  const { nodes, scenes, scene = 0 } = gltf;
  if (nodes.length === 0) {
    throw new ObjectError(
      `${name} has no scene: nothing in it is placed anywhere.`,
      'Save it with its objects.',
    );
  }
  const children = new Set(nodes.flatMap((node) => node.children ?? []));
  const roots =
    (scenes[scene] ?? scenes[0])?.nodes ?? [...nodes.keys()].filter((i) => !children.has(i));
  const shown = ({ attributes, targets, ...rest }: GltfPrimitive): GltfPrimitive => ({
    ...rest,
    attributes: picked(attributes, shownAttributes),
    targets: targets?.map((target) => picked(target, /^POSITION$/)),
  });
  const modes = Object.values(triangleModes);
  return {
    ...gltf,
    scene: 0,
    scenes: [{ nodes: roots }],
    nodes: nodes.map((node) =>
      node.extensions?.KHR_node_visibility?.visible === false
        ? { ...node, mesh: undefined, children: undefined }
        : node,
    ),
    meshes: gltf.meshes.map(({ primitives, weights }) => ({
      primitives: primitives
        .filter(({ mode, attributes }) => modes.includes(mode) && attributes.POSITION !== undefined)
        .map(shown),
      weights,
    })),
  };
}

const picked = (named: Readonly<Record<string, number>>, names: RegExp): Record<string, number> =>
  Object.fromEntries(Object.entries(named).filter(([name]) => names.test(name)));

/** Triangles of all meshes, known before any of them is read. */
function triangleCount({ meshes, accessors }: Gltf): number {
  return meshes
    .flatMap(({ primitives }) => primitives)
    .reduce((sum, { mode, indices, attributes }) => {
      const corners = accessors[indices ?? attributes.POSITION ?? -1]?.count ?? 0;
      if (mode === triangleModes.list) return sum + Math.floor(corners / 3);
      const others = mode === triangleModes.strip || mode === triangleModes.fan;
      return sum + (others ? Math.max(0, corners - 2) : 0);
    }, 0);
}
