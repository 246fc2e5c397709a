import wasm from 'three/addons/libs/draco/gltf/draco_decoder.wasm?url&inline';
import wrapper from 'three/addons/libs/draco/gltf/draco_wasm_wrapper.js?raw';
import { damaged } from './container';
import type { Gltf, GltfPrimitive } from './document';

/** What is used of Draco's decoder (google/draco, javascript bindings). */
interface Draco {
  Decoder: new () => {
    DecodeArrayToMesh(bytes: Int8Array, length: number, mesh: DracoMesh): { ok(): boolean };
    GetAttributeByUniqueId(mesh: DracoMesh, id: number): DracoAttribute;
    GetAttributeDataArrayForAllPoints(
      mesh: DracoMesh,
      attribute: DracoAttribute,
      type: number,
      bytes: number,
      out: number,
    ): boolean;
    GetTrianglesUInt32Array(mesh: DracoMesh, bytes: number, out: number): boolean;
  };
  Mesh: new () => DracoMesh;
  DT_FLOAT32: number;
  HEAPU8: Uint8Array<ArrayBuffer>;
  _malloc(bytes: number): number;
  _free(at: number): void;
  destroy(made: object): void;
}

interface DracoMesh {
  readonly ptr: number;
  num_faces(): number;
  num_points(): number;
}

interface DracoAttribute {
  readonly ptr: number;
  num_components(): number;
  normalized(): boolean;
}

let loading: Promise<Draco> | undefined;

/** Draco's decoder, which three ships as a script and not as a module. */
async function loadDraco(): Promise<Draco> {
  const bytes = Uint8Array.from(atob(wasm.slice(wasm.indexOf(',') + 1)), (c) => c.charCodeAt(0));
  // Without `process` the script does not look for Node's modules: it gets its binary from here.
  const make = new Function('process', `${wrapper}; return DracoDecoderModule;`)();
  return make({ wasmBinary: bytes.buffer });
}

/** A mesh that was compressed with Draco, its numbers as floats. */
export interface UnpackedMesh {
  readonly indices: Uint32Array<ArrayBuffer>;
  readonly points: number;
  /** By the names of glTF. */
  readonly attributes: ReadonlyMap<string, Float32Array<ArrayBuffer>>;
}

/** @throws ObjectError for bytes that are no mesh. */
async function unpack(
  bytes: ArrayBuffer,
  ids: Readonly<Record<string, number>>,
  name: string,
): Promise<UnpackedMesh> {
  loading ??= loadDraco();
  const draco = await loading;
  const decoder = new draco.Decoder();
  const mesh = new draco.Mesh();
  const refuse = () => damaged(name, 'a mesh that is compressed with Draco is damaged');
  const read = (length: number, fill: (out: number) => boolean): ArrayBuffer => {
    const out = draco._malloc(length);
    try {
      if (!fill(out)) throw refuse();
      return draco.HEAPU8.slice(out, out + length).buffer;
    } finally {
      draco._free(out);
    }
  };
  try {
    const data = new Int8Array(bytes);
    const isRead = decoder.DecodeArrayToMesh(data, data.length, mesh).ok() && mesh.ptr !== 0;
    if (!isRead) throw refuse();
    const [points, faces] = [mesh.num_points(), mesh.num_faces()];
    const indexBytes = 12 * faces;
    const indices = new Uint32Array(
      read(indexBytes, (out) => decoder.GetTrianglesUInt32Array(mesh, indexBytes, out)),
    );
    const attributes = new Map<string, Float32Array<ArrayBuffer>>();
    for (const [key, id] of Object.entries(ids)) {
      const attribute = decoder.GetAttributeByUniqueId(mesh, id);
      if (attribute.ptr === 0) throw refuse();
      const length = 4 * points * attribute.num_components();
      const numbers = read(length, (out) =>
        decoder.GetAttributeDataArrayForAllPoints(mesh, attribute, draco.DT_FLOAT32, length, out),
      );
      attributes.set(key, new Float32Array(numbers));
    }
    return { indices, points, attributes };
  } finally {
    draco.destroy(mesh);
    draco.destroy(decoder);
  }
}

/** A file whose primitives are unpacked: its JSON without Draco, and the buffer views that it has beyond the file's. */
export interface Unpacked {
  readonly gltf: Gltf;
  readonly views: ReadonlyMap<number, ArrayBuffer>;
}

/**
 * Replaces every primitive that is compressed with Draco (KHR_draco_mesh_compression) by one of plain floats.
 * @param view gives the bytes of a buffer view.
 */
export async function withoutDraco(
  gltf: Gltf,
  view: (index: number) => Promise<ArrayBuffer>,
  name: string,
): Promise<Unpacked> {
  const views = new Map<number, ArrayBuffer>();
  const accessors = [...gltf.accessors];
  const bufferViews = [...gltf.bufferViews];
  const add = (
    values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>,
    components: number,
  ) => {
    const bufferView =
      bufferViews.push({ buffer: 0, byteOffset: 0, byteLength: values.byteLength }) - 1;
    views.set(bufferView, values.buffer);
    const type = (['SCALAR', 'VEC2', 'VEC3', 'VEC4'] as const)[components - 1];
    if (!type) throw damaged(name, `a compressed attribute has ${components} components`);
    const componentType = values instanceof Float32Array ? 5126 : 5125;
    return (
      accessors.push({
        bufferView,
        byteOffset: 0,
        componentType,
        count: values.length / components,
        type,
      }) - 1
    );
  };
  const plain = async (primitive: GltfPrimitive): Promise<GltfPrimitive> => {
    const packed = primitive.extensions?.KHR_draco_mesh_compression;
    if (!packed) return primitive;
    const wanted = Object.entries(packed.attributes).filter(([key]) => key in primitive.attributes);
    const mesh = await unpack(await view(packed.bufferView), Object.fromEntries(wanted), name);
    const attributes: Record<string, number> = {};
    for (const [key, values] of mesh.attributes) {
      const { normalized, componentType } = gltf.accessors[primitive.attributes[key]!]!;
      // Whole numbers that stand for fractions are unpacked as the numbers that they are.
      const scale = normalized ? (largest[componentType] ?? 1) : 1;
      attributes[key] = add(
        scale === 1 ? values : values.map((value) => Math.max(value / scale, -1)),
        values.length / Math.max(mesh.points, 1),
      );
    }
    const { material, targets } = primitive;
    return {
      attributes,
      indices: add(mesh.indices, 1),
      material,
      targets,
      mode: 4,
      extensions: undefined,
    };
  };
  const meshes: Gltf['meshes'] = [];
  for (const { primitives, weights } of gltf.meshes) {
    const unpacked: GltfPrimitive[] = [];
    for (const primitive of primitives) unpacked.push(await plain(primitive));
    meshes.push({ primitives: unpacked, weights });
  }
  return { gltf: { ...gltf, meshes, accessors, bufferViews }, views };
}

/** The whole number that stands for 1, by glTF's number of a type. */
const largest: Readonly<Record<number, number>> = {
  5120: 127,
  5121: 255,
  5122: 32767,
  5123: 65535,
};
