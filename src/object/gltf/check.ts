import { ObjectError } from '../object_mesh';
import { damaged } from './container';
import { componentBytes, componentsOf, type Gltf, type GltfAccessor } from './document';

/** Extensions that decide what the triangles and their colours are, and are read. */
const readExtensions = new Set([
  'EXT_mesh_gpu_instancing',
  'EXT_meshopt_compression',
  'EXT_texture_avif',
  'EXT_texture_webp',
  'KHR_draco_mesh_compression',
  'KHR_mesh_quantization',
  'KHR_meshopt_compression',
  'KHR_node_visibility',
  'KHR_texture_basisu',
  'KHR_texture_transform',
  'MSFT_texture_dds',
]);

/** Extensions that a field has no use for: light, motion, what light does on a surface, and what a part means. */
const needless = new RegExp(
  `^(${[
    'KHR_(materials_|lights_|animation_|xmp|audio|physics|interactivity)',
    'EXT_(lights_|mesh_features|instance_features|feature_metadata|structural_metadata)',
    // Coarser forms of the same thing, a place on the globe, drawn edges, people.
    'MSFT_lod|CESIUM_RTC|CESIUM_primitive_outline|VRM',
  ].join('|')})`,
);

/** Levels of nodes below a scene. */
const deepest = 1000;

/** The most elements of accessors that have no bytes in the file: their zeros would have to be made. */
const mostZeros = 2 ** 24;

/** The most bytes that compressed views may become. */
const mostUnpacked = 2 ** 29;

/** @throws ObjectError naming an extension that the file cannot be read without. */
export function checkExtensions({ extensionsRequired }: Gltf, name: string): void {
  const unknown = extensionsRequired.find(
    (used) => !readExtensions.has(used) && !needless.test(used),
  );
  if (unknown === undefined) return;
  throw new ObjectError(
    `${name} requires the extension ${unknown}, which is not read here.`,
    'Save it without that extension.',
  );
}

/** @throws ObjectError for a number that names nothing, bytes beyond a buffer, or nodes in a circle. */
export function checkDocument(gltf: Gltf, name: string): void {
  const {
    accessors,
    bufferViews,
    buffers,
    images,
    materials,
    meshes,
    nodes,
    samplers,
    scenes,
    skins,
    textures,
  } = gltf;
  const there = (i: number | undefined, of: readonly unknown[], what: string, by: string) => {
    if (i !== undefined && i >= of.length) {
      throw damaged(name, `${by} names ${what} ${i} of ${of.length}`);
    }
  };
  scenes.forEach(({ nodes: roots = [] }, i) => {
    for (const root of roots) there(root, nodes, 'node', `scene ${i}`);
  });
  nodes.forEach(({ mesh, skin, children = [], extensions }, i) => {
    there(mesh, meshes, 'mesh', `node ${i}`);
    there(skin, skins, 'skin', `node ${i}`);
    for (const child of children) there(child, nodes, 'node', `node ${i}`);
    for (const id of Object.values(extensions?.EXT_mesh_gpu_instancing?.attributes ?? {})) {
      there(id, accessors, 'accessor', `node ${i}`);
    }
  });
  skins.forEach(({ joints, inverseBindMatrices }, i) => {
    for (const joint of joints) there(joint, nodes, 'node', `skin ${i}`);
    there(inverseBindMatrices, accessors, 'accessor', `skin ${i}`);
  });
  meshes.forEach(({ primitives }, i) => {
    for (const { attributes, indices, material, targets = [], extensions } of primitives) {
      const ids = [
        ...Object.values(attributes),
        ...targets.flatMap((target) => Object.values(target)),
      ];
      for (const id of [...ids, indices]) there(id, accessors, 'accessor', `mesh ${i}`);
      there(material, materials, 'material', `mesh ${i}`);
      there(
        extensions?.KHR_draco_mesh_compression?.bufferView,
        bufferViews,
        'buffer view',
        `mesh ${i}`,
      );
    }
  });
  materials.forEach(({ pbrMetallicRoughness, emissiveTexture, extensions }, i) => {
    const glossy = extensions?.KHR_materials_pbrSpecularGlossiness?.diffuseTexture;
    for (const info of [pbrMetallicRoughness?.baseColorTexture, emissiveTexture, glossy]) {
      there(info?.index, textures, 'texture', `material ${i}`);
    }
  });
  textures.forEach(({ source, sampler, extensions = {} }, i) => {
    there(sampler, samplers, 'sampler', `texture ${i}`);
    for (const other of [{ source }, ...Object.values(extensions)]) {
      there(other?.source, images, 'image', `texture ${i}`);
    }
  });
  images.forEach(({ bufferView }, i) => {
    there(bufferView, bufferViews, 'buffer view', `image ${i}`);
  });
  let unpacked = 0;
  bufferViews.forEach((view, i) => {
    const packed =
      view.extensions?.EXT_meshopt_compression ?? view.extensions?.KHR_meshopt_compression;
    const { buffer, byteOffset, byteLength } = packed ?? view;
    there(buffer, buffers, 'buffer', `buffer view ${i}`);
    if (byteOffset + byteLength > buffers[buffer]!.byteLength) {
      throw damaged(name, `buffer view ${i} ends beyond its buffer`);
    }
    if (packed) unpacked += packed.count * packed.byteStride;
  });
  if (unpacked > mostUnpacked)
    throw damaged(name, `it would unpack to ${unpacked} bytes, too many`);
  checkAccessors(gltf, name);
  checkTree(gltf, name);
}

/** @throws ObjectError for an accessor that reads beyond its bytes. */
function checkAccessors({ accessors, bufferViews }: Gltf, name: string): void {
  let zeros = 0;
  const within = (i: number, view: number | undefined, bytes: number) => {
    if (view === undefined) return;
    const found = bufferViews[view];
    if (!found)
      throw damaged(name, `accessor ${i} names buffer view ${view} of ${bufferViews.length}`);
    const { EXT_meshopt_compression: ext, KHR_meshopt_compression: khr } = found.extensions ?? {};
    const packed = ext ?? khr;
    const length = packed ? packed.count * packed.byteStride : found.byteLength;
    if (bytes > length)
      throw damaged(name, `accessor ${i} needs ${bytes} bytes, its buffer view has ${length}`);
  };
  accessors.forEach((accessor, i) => {
    const { bufferView, byteOffset, componentType, count, sparse } = accessor;
    const item = bytesOfItem(accessor);
    const stride = (bufferView !== undefined && bufferViews[bufferView]?.byteStride) || item;
    if (
      byteOffset % componentBytes[componentType] !== 0 ||
      stride % componentBytes[componentType] !== 0
    ) {
      throw damaged(name, `accessor ${i} begins between two of its numbers`);
    }
    if (stride < item) throw damaged(name, `accessor ${i} has elements longer than its stride`);
    within(i, bufferView, count === 0 ? 0 : byteOffset + (count - 1) * stride + item);
    if (bufferView === undefined) zeros += count;
    if (!sparse) return;
    const { indices, values } = sparse;
    within(
      i,
      indices.bufferView,
      indices.byteOffset + sparse.count * componentBytes[indices.componentType],
    );
    within(i, values.bufferView, values.byteOffset + sparse.count * item);
  });
  if (zeros > mostZeros) throw damaged(name, `its accessors would need ${zeros} zeros`);
}

const bytesOfItem = ({ componentType, type }: GltfAccessor): number =>
  componentBytes[componentType] * componentsOf[type];

/** @throws ObjectError where a node is below itself, below two others, or too deep. */
function checkTree({ nodes }: Gltf, name: string): void {
  const parents = new Int32Array(nodes.length).fill(-1);
  nodes.forEach(({ children = [] }, i) => {
    for (const child of children) {
      if (parents[child] !== -1) throw damaged(name, `node ${child} is below two others`);
      parents[child] = i;
    }
  });
  const depths = new Int32Array(nodes.length);
  for (let node = 0; node < nodes.length; node++) {
    const path: number[] = [];
    let at = node;
    while (at !== -1 && depths[at] === 0) {
      if (path.length > deepest) throw damaged(name, `node ${node} is below itself, or too deep`);
      path.push(at);
      at = parents[at]!;
    }
    let depth = at === -1 ? 0 : depths[at]!;
    for (const passed of path.reverse()) depths[passed] = ++depth;
    if (depth > deepest) throw damaged(name, `node ${node} is more than ${deepest} levels deep`);
  }
}
