import {
  BufferAttribute,
  BufferGeometry,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
} from 'three';
import { GLTFExporter } from 'three/addons/exporters/GLTFExporter.js';
import { linear } from '../../image/srgb';
import type { Mesh as FieldMesh } from '../surface/extract';
import type { Texture } from '../texture/texture';
import { withFileReader } from './file_reader';
import { checkMesh, completed, type ExportOptions } from './options';

/** The part of the exporter that its plugins see. */
interface Writer {
  readonly json: {
    asset: { generator: string; extras?: Record<string, string> };
    bufferViews: { byteLength: number }[];
    images?: object[];
    samplers?: object[];
    textures?: object[];
  };
  processBufferViewImage(blob: Blob): Promise<number>;
}

interface MaterialDefinition {
  pbrMetallicRoughness: { baseColorTexture?: { index: number } };
}

/**
 * A binary glTF 2.0 file: y up, metres, one material, with vertex colours (linear, as COLOR_0 asks) or
 * a texture. Works in a page, a Worker and Node. The same mesh gives the same bytes.
 *
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export async function exportGlb(
  mesh: FieldMesh,
  options: ExportOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  checkMesh(mesh);
  const { name, prompt, scale, unlit, texture } = completed(options);
  const geometry = geometryOf(mesh, scale, texture);
  const vertexColors = texture === undefined;
  const material = unlit
    ? new MeshBasicMaterial({ vertexColors })
    : new MeshStandardMaterial({ vertexColors, metalness: 0, roughness: 1 });
  const object = new Mesh(geometry, material);
  object.name = name;

  const exporter = new GLTFExporter();
  exporter.register((it: unknown) => {
    const writer = it as Writer;
    return {
      async writeMaterialAsync(_: unknown, definition: object) {
        if (!texture) return;
        const index = await addTexture(writer, texture.png);
        (definition as MaterialDefinition).pbrMetallicRoughness.baseColorTexture = { index };
      },
      afterParse() {
        writer.json.asset.generator = 'Limbeck';
        if (prompt) writer.json.asset.extras = { prompt };
      },
    };
  });
  const glb = await withFileReader(() => exporter.parseAsync(object, { binary: true }));
  geometry.dispose();
  material.dispose();
  return new Uint8Array(glb as ArrayBuffer);
}

function geometryOf(mesh: FieldMesh, scale: number, texture: Texture | undefined): BufferGeometry {
  const geometry = new BufferGeometry();
  const attribute = (values: Float32Array, size = 3) => new BufferAttribute(values, size);
  const positions = mesh.positions.map((value) => value * scale);
  if (texture) {
    // glTF has one index for all attributes: vertices on seams are repeated.
    const { vertices, uvs, indices } = texture.atlas;
    const pick = (values: Float32Array) =>
      Float32Array.from({ length: 3 * vertices.length }, (_, i) => {
        return values[3 * vertices[Math.floor(i / 3)]! + (i % 3)]!;
      });
    geometry.setAttribute('position', attribute(pick(positions)));
    geometry.setAttribute('normal', attribute(pick(mesh.normals)));
    geometry.setAttribute('uv', attribute(uvs, 2));
    geometry.setIndex(new BufferAttribute(indices, 1));
  } else {
    geometry.setAttribute('position', attribute(positions));
    geometry.setAttribute('normal', attribute(mesh.normals));
    geometry.setAttribute('color', attribute(mesh.colours.map(linear)));
    geometry.setIndex(new BufferAttribute(mesh.indices, 1));
  }
  return geometry;
}

/** WebGL's names, as glTF uses them. */
const filters = { linear: 9729, linearMipmapLinear: 9987, clampToEdge: 33071 };

/**
 * Embeds an image. The exporter's own way to do so needs a canvas, and would compress it once more.
 * @returns the texture's index.
 */
async function addTexture(writer: Writer, png: Uint8Array): Promise<number> {
  const { json } = writer;
  const bufferView = await writer.processBufferViewImage(new Blob([png.slice()]));
  // The exporter counts the padding in.
  json.bufferViews[bufferView]!.byteLength = png.length;
  json.images = [{ mimeType: 'image/png', bufferView }];
  json.samplers = [
    {
      magFilter: filters.linear,
      minFilter: filters.linearMipmapLinear,
      wrapS: filters.clampToEdge,
      wrapT: filters.clampToEdge,
    },
  ];
  json.textures = [{ source: 0, sampler: 0 }];
  return 0;
}
