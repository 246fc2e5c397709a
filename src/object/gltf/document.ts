import * as v from 'valibot';

/** What is read of a glTF 2.0 file's JSON; all else is left out. */

const index = v.pipe(v.number(), v.integer(), v.minValue(0));
const size = v.optional(index, 0);
const numbers = (length: number) => v.optional(v.pipe(v.array(v.number()), v.length(length)));
const indices = v.optional(v.array(index));
const byName = v.record(v.string(), index);
const list = <T extends v.GenericSchema>(item: T) => v.optional(v.array(item), []);

const componentType = v.picklist([5120, 5121, 5122, 5123, 5125, 5126]);

const accessor = v.object({
  bufferView: v.optional(index),
  byteOffset: size,
  componentType,
  normalized: v.optional(v.boolean()),
  count: index,
  type: v.picklist(['SCALAR', 'VEC2', 'VEC3', 'VEC4', 'MAT2', 'MAT3', 'MAT4']),
  sparse: v.optional(
    v.object({
      count: index,
      indices: v.object({ bufferView: index, byteOffset: size, componentType }),
      values: v.object({ bufferView: index, byteOffset: size }),
    }),
  ),
});

const meshopt = v.optional(
  v.object({
    buffer: index,
    byteOffset: size,
    byteLength: index,
    byteStride: index,
    count: index,
    mode: v.picklist(['ATTRIBUTES', 'TRIANGLES', 'INDICES']),
    filter: v.optional(v.string(), 'NONE'),
  }),
);

const bufferView = v.object({
  buffer: index,
  byteOffset: size,
  byteLength: index,
  byteStride: v.optional(index),
  extensions: v.optional(
    v.object({ EXT_meshopt_compression: meshopt, KHR_meshopt_compression: meshopt }),
  ),
});

const draco = v.object({ bufferView: index, attributes: byName });

const primitive = v.object({
  attributes: byName,
  indices: v.optional(index),
  material: v.optional(index),
  mode: v.optional(index, 4),
  targets: v.optional(v.array(byName)),
  extensions: v.optional(v.object({ KHR_draco_mesh_compression: v.optional(draco) })),
});

const node = v.object({
  mesh: v.optional(index),
  skin: v.optional(index),
  children: indices,
  matrix: numbers(16),
  translation: numbers(3),
  rotation: numbers(4),
  scale: numbers(3),
  weights: v.optional(v.array(v.number())),
  extensions: v.optional(
    v.object({
      EXT_mesh_gpu_instancing: v.optional(v.object({ attributes: byName })),
      KHR_node_visibility: v.optional(v.object({ visible: v.optional(v.boolean(), true) })),
    }),
  ),
});

const textureInfo = v.object({
  index,
  texCoord: size,
  extensions: v.optional(
    v.object({
      KHR_texture_transform: v.optional(
        v.object({
          offset: numbers(2),
          rotation: v.optional(v.number(), 0),
          scale: numbers(2),
          texCoord: v.optional(index),
        }),
      ),
    }),
  ),
});

const material = v.object({
  pbrMetallicRoughness: v.optional(
    v.object({ baseColorFactor: numbers(4), baseColorTexture: v.optional(textureInfo) }),
  ),
  emissiveFactor: numbers(3),
  emissiveTexture: v.optional(textureInfo),
  alphaMode: v.fallback(v.optional(v.picklist(['OPAQUE', 'MASK', 'BLEND']), 'OPAQUE'), 'OPAQUE'),
  alphaCutoff: v.optional(v.number(), 0.5),
  extensions: v.optional(
    v.object({
      KHR_materials_pbrSpecularGlossiness: v.optional(
        v.object({ diffuseFactor: numbers(4), diffuseTexture: v.optional(textureInfo) }),
      ),
    }),
  ),
});

const sourced = v.optional(v.object({ source: v.optional(index) }));

const texture = v.object({
  source: v.optional(index),
  sampler: v.optional(index),
  extensions: v.optional(
    v.object({
      EXT_texture_webp: sourced,
      EXT_texture_avif: sourced,
      KHR_texture_basisu: sourced,
      MSFT_texture_dds: sourced,
    }),
  ),
});

export const documentSchema = v.object({
  asset: v.object({ version: v.string() }),
  extensionsUsed: list(v.string()),
  extensionsRequired: list(v.string()),
  scene: v.optional(index),
  scenes: list(v.object({ nodes: indices })),
  nodes: list(node),
  meshes: list(
    v.object({ primitives: v.array(primitive), weights: v.optional(v.array(v.number())) }),
  ),
  skins: list(v.object({ inverseBindMatrices: v.optional(index), joints: v.array(index) })),
  accessors: list(accessor),
  bufferViews: list(bufferView),
  buffers: list(v.object({ uri: v.optional(v.string()), byteLength: index })),
  materials: list(material),
  textures: list(texture),
  images: list(v.object({ uri: v.optional(v.string()), bufferView: v.optional(index) })),
  samplers: list(v.object({ wrapS: v.optional(v.number()), wrapT: v.optional(v.number()) })),
});

export type Gltf = v.InferOutput<typeof documentSchema>;
export type GltfAccessor = Gltf['accessors'][number];
export type GltfMaterial = Gltf['materials'][number];
export type GltfPrimitive = Gltf['meshes'][number]['primitives'][number];
export type GltfTextureInfo = v.InferOutput<typeof textureInfo>;

export const componentBytes: Readonly<Record<GltfAccessor['componentType'], number>> = {
  5120: 1,
  5121: 1,
  5122: 2,
  5123: 2,
  5125: 4,
  5126: 4,
};

export const componentsOf: Readonly<Record<GltfAccessor['type'], number>> = {
  SCALAR: 1,
  VEC2: 2,
  VEC3: 3,
  VEC4: 4,
  MAT2: 4,
  MAT3: 9,
  MAT4: 16,
};
