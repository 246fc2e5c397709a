import {
  type Accessor,
  Document,
  type GLTF,
  type Material,
  type Primitive,
  type TypedArray,
  VertexLayout,
  WebIO,
} from '@gltf-transform/core';
import {
  EXTMeshoptCompression,
  KHRMaterialsUnlit,
  KHRMeshQuantization,
} from '@gltf-transform/extensions';
import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { linear } from '../../image/srgb';
import type { Mesh } from '../surface/extract';
import type { Texture } from '../texture/texture';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';
import { placesWithinBox, reordered, toSignedBytes, toUnsignedShorts } from './quantise';

/** Vertices that indices of 16 bits can tell apart; glTF keeps the last number for itself. */
const shortIndices = 2 ** 16 - 1;

type Numbers = Float32Array | Uint32Array | Uint16Array | Int16Array | Int8Array;

/** What a primitive has at each vertex, and its triangles. */
interface Vertices {
  readonly positions: Float32Array;
  readonly normals: Float32Array;
  readonly indices: Uint32Array;
  /** f32 [vertices, 2]: in place of colours. */
  readonly uvs?: Float32Array;
  /** f32 [vertices, 3]: linear light, as COLOR_0 asks. */
  readonly colours?: Float32Array;
}

/**
 * A binary glTF 2.0 file: y up, metres, one material, with a texture or vertex colours. Works in a page, a
 * Worker and Node. The same mesh gives the same bytes.
 *
 * With compression 'quantised', positions, texture coordinates and colours have 16 bits and normals 8
 * (KHR_mesh_quantization); with 'meshopt' they are also ordered and packed (EXT_meshopt_compression).
 *
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export async function exportGlb(mesh: Mesh, options: ExportOptions = {}): Promise<MeshFile[]> {
  checkMesh(mesh);
  const { file, name, prompt, unlit, compression, texture } = completed(options);
  await MeshoptEncoder.ready;
  const document = new Document();
  const asset = document.getRoot().getAsset() as GLTF.IAsset;
  asset.generator = 'Limbeck';
  if (prompt) asset.extras = { prompt };

  const vertices = verticesOf(mesh, texture);
  const node = document.createNode(name);
  const primitive = document.createPrimitive().setMaterial(materialOf(document, unlit, texture));
  if (compression === 'none') describe(document, primitive, vertices);
  else {
    document.createExtension(KHRMeshQuantization).setRequired(true);
    const packed = compression === 'meshopt' ? reordered(vertices) : vertices;
    const { places, centre, scale } = placesWithinBox(packed.positions);
    describe(document, primitive, packed, places);
    node.setTranslation(centre).setScale([scale, scale, scale]);
  }
  if (compression === 'meshopt') {
    document
      .createExtension(EXTMeshoptCompression)
      .setRequired(true)
      .setEncoderOptions({ method: EXTMeshoptCompression.EncoderMethod.QUANTIZE });
  }
  node.setMesh(document.createMesh(name).addPrimitive(primitive));
  document.createScene().addChild(node);

  const writer = new WebIO()
    .setVertexLayout(VertexLayout.SEPARATE)
    .registerExtensions([KHRMaterialsUnlit, KHRMeshQuantization, EXTMeshoptCompression])
    .registerDependencies({ 'meshopt.encoder': MeshoptEncoder });
  const bytes = new Uint8Array(await writer.writeBinary(document));
  return [{ name: `${file}.glb`, bytes }];
}

/** glTF has one index for all attributes: vertices on seams of the texture are repeated. */
function verticesOf({ positions, normals, colours, indices }: Mesh, texture?: Texture): Vertices {
  if (!texture) return { positions, normals, indices, colours: colours.map(linear) };
  const { vertices, uvs, indices: corners } = texture.atlas;
  const pick = (values: Float32Array) => {
    const picked = new Float32Array(3 * vertices.length);
    vertices.forEach((vertex, i) => {
      picked.set(values.subarray(3 * vertex, 3 * vertex + 3), 3 * i);
    });
    return picked;
  };
  return { positions: pick(positions), normals: pick(normals), uvs, indices: corners };
}

/**
 * Gives a primitive its attributes.
 * @param places i16 positions within their box; the other attributes are then quantised, too.
 */
function describe(
  document: Document,
  primitive: Primitive,
  { positions, normals, indices, uvs, colours }: Vertices,
  places?: Int16Array<ArrayBuffer>,
): void {
  const buffer = document.getRoot().listBuffers()[0] ?? document.createBuffer();
  const accessor = (type: GLTF.AccessorType, values: Numbers): Accessor =>
    document
      .createAccessor()
      .setType(type)
      .setArray(values as TypedArray)
      .setBuffer(buffer);
  /** Whole numbers that stand for fractions. */
  const attribute = (type: GLTF.AccessorType, values: Numbers) =>
    accessor(type, values).setNormalized(!(values instanceof Float32Array));
  const short = (values: Float32Array) => (places ? toUnsignedShorts(values) : values);
  const corners = positions.length / 3 < shortIndices ? Uint16Array.from(indices) : indices;
  primitive
    .setAttribute('POSITION', accessor('VEC3', places ?? positions))
    .setAttribute('NORMAL', attribute('VEC3', places ? toSignedBytes(normals) : normals))
    .setIndices(accessor('SCALAR', corners));
  if (uvs) primitive.setAttribute('TEXCOORD_0', attribute('VEC2', short(uvs)));
  if (colours) primitive.setAttribute('COLOR_0', attribute('VEC3', short(colours)));
}

/** WebGL's names, as glTF uses them. */
const sampling = { linear: 9729, linearMipmapLinear: 9987, clampToEdge: 33071 } as const;

function materialOf(document: Document, unlit: boolean, texture?: Texture): Material {
  const material = document.createMaterial('object').setMetallicFactor(0).setRoughnessFactor(1);
  if (unlit) {
    const extension = document.createExtension(KHRMaterialsUnlit);
    material.setExtension(KHRMaterialsUnlit.EXTENSION_NAME, extension.createUnlit());
  }
  if (texture) {
    const image = document.createTexture('colours').setMimeType('image/png');
    material.setBaseColorTexture(image.setImage(new Uint8Array(texture.png)));
    material
      .getBaseColorTextureInfo()!
      .setWrapS(sampling.clampToEdge)
      .setWrapT(sampling.clampToEdge)
      .setMagFilter(sampling.linear)
      .setMinFilter(sampling.linearMipmapLinear);
  }
  return material;
}
