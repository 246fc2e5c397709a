import { MeshoptDecoder } from 'meshoptimizer/decoder';
import { ClampToEdgeWrapping, MirroredRepeatWrapping, RepeatWrapping, Texture } from 'three';
import { GLTFLoader, type GLTFParser } from 'three/addons/loaders/GLTFLoader.js';
import { type FilesBeside, noFilesBeside } from './files_beside';
import { checkTriangles, type LoadedScene, type TextureFile } from './flatten';
import { ObjectError } from './object_mesh';

/** The part of a glTF file's JSON that is looked at before three reads it. */
interface Gltf {
  readonly extensionsUsed?: readonly string[];
  readonly meshes?: readonly { readonly primitives: readonly Primitive[] }[];
  readonly accessors?: readonly { readonly count: number }[];
  readonly buffers?: readonly { readonly uri?: string }[];
  readonly textures?: readonly { readonly source?: number; readonly sampler?: number }[];
  readonly images?: readonly {
    readonly uri?: string;
    readonly bufferView?: number;
    readonly mimeType?: string;
  }[];
  readonly samplers?: readonly { readonly wrapS?: number; readonly wrapT?: number }[];
}

interface Primitive {
  readonly mode?: number;
  readonly indices?: number;
  readonly attributes: { readonly POSITION?: number };
}

/** glTF's numbers for what a primitive is. */
const triangleModes = { list: 4, strip: 5, fan: 6 };

/** glTF's numbers for wrapping, as three's. */
const wrappings = new Map([
  [33071, ClampToEdgeWrapping],
  [33648, MirroredRepeatWrapping],
]);

/**
 * Reads a binary glTF 2.0 file, with meshopt compression or without. Textures keep their files, to be decoded when
 * they are needed: three would ask for a browser's images, and Node has none.
 * @param name for errors.
 * @throws ObjectError for a damaged file, Draco compression, data in other files, or no triangles.
 */
export async function readGlb(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  beside: FilesBeside = noFilesBeside,
): Promise<LoadedScene> {
  const json = jsonOf(bytes, name);
  if (json.extensionsUsed?.includes('KHR_draco_mesh_compression')) {
    throw new ObjectError(
      `${name} is compressed with Draco, which is not read here.`,
      "Save it without mesh compression, or with meshopt's.",
    );
  }
  const elsewhere = json.buffers?.find(({ uri }) => uri !== undefined && !uri.startsWith('data:'));
  if (elsewhere) {
    throw new ObjectError(
      `${name} keeps its triangles in ${elsewhere.uri}.`,
      'Save it as one GLB with everything in it.',
    );
  }
  checkTriangles(triangleCount(json), name);
  const files = new Map<number, TextureFile>();
  const loader = new GLTFLoader();
  loader.setMeshoptDecoder(MeshoptDecoder);
  loader.register((parser: GLTFParser) => ({
    name: 'texture files',
    loadTexture: async (index: number) => {
      const image = json.images?.[json.textures?.[index]?.source ?? -1];
      const label = `texture ${index} of ${name}`;
      files.set(index, { name: label, bytes: await imageFile(parser, image, beside) });
      const { wrapS = 0, wrapT = 0 } = json.samplers?.[json.textures![index]!.sampler ?? -1] ?? {};
      const texture = new Texture();
      texture.flipY = false;
      texture.wrapS = wrappings.get(wrapS) ?? RepeatWrapping;
      texture.wrapT = wrappings.get(wrapT) ?? RepeatWrapping;
      texture.userData = { index };
      return texture;
    },
  }));
  try {
    const whole = bytes.length === bytes.buffer.byteLength ? bytes : bytes.slice();
    const { scene } = await loader.parseAsync(whole.buffer, '');
    return { root: scene, textureFile: async ({ userData }) => files.get(userData.index)! };
  } catch (error) {
    if (error instanceof ObjectError) throw error;
    throw damaged(name, (error as Error).message);
  }
}

const damaged = (name: string, reason: string) =>
  new ObjectError(`${name} cannot be read as a GLB: ${reason}.`, 'Save it anew.');

/** The file's JSON chunk, the first one. */
function jsonOf(bytes: Uint8Array<ArrayBuffer>, name: string): Gltf {
  const words = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  if (bytes.length < 20) throw damaged(name, 'it ends within its header');
  const [version, length] = [words.getUint32(4, true), words.getUint32(8, true)];
  if (version !== 2) throw damaged(name, `it is of glTF ${version}, not 2`);
  if (length > bytes.length) {
    throw damaged(name, `it should have ${length} bytes and has ${bytes.length}`);
  }
  const text = new TextDecoder().decode(bytes.subarray(20, 20 + words.getUint32(12, true)));
  try {
    return JSON.parse(text) as Gltf;
  } catch (error) {
    throw damaged(name, (error as Error).message);
  }
}

/** Triangles of all meshes, known before any of them is read. */
function triangleCount({ meshes = [], accessors = [] }: Gltf): number {
  return meshes
    .flatMap(({ primitives }) => primitives)
    .reduce((sum, { mode = triangleModes.list, indices, attributes }) => {
      const corners = accessors[indices ?? attributes.POSITION ?? -1]?.count ?? 0;
      if (mode === triangleModes.list) return sum + Math.floor(corners / 3);
      const others = mode === triangleModes.strip || mode === triangleModes.fan;
      return sum + (others ? Math.max(0, corners - 2) : 0);
    }, 0);
}

/** The bytes of an image within the file, in a data URI or beside it. */
async function imageFile(
  parser: GLTFParser,
  image: NonNullable<Gltf['images']>[number] | undefined,
  beside: FilesBeside,
): Promise<Uint8Array<ArrayBuffer>> {
  if (image?.bufferView !== undefined) {
    return new Uint8Array(
      (await parser.getDependency('bufferView', image.bufferView)) as ArrayBuffer,
    );
  }
  if (image?.uri?.startsWith('data:')) {
    return new Uint8Array(await (await fetch(image.uri)).arrayBuffer());
  }
  if (image?.uri) return beside(decodeURIComponent(image.uri));
  return new Uint8Array(0);
}
