import {
  BufferAttribute,
  BufferGeometry,
  Mesh,
  MeshBasicMaterial,
  MeshStandardMaterial,
} from 'three';
import { GLTFExporter } from 'three/addons/exporters/GLTFExporter.js';
import type { Mesh as FieldMesh } from './extract';
import { withFileReader } from './file_reader';

export interface GlbOptions {
  /** Kept in the asset's extras. */
  readonly prompt?: string;
  /** Shown in viewers' outlines. Default: the prompt, or 'object'. */
  readonly name?: string;
  /** Metres per unit of the field, whose object has a diameter of up to 2. Default 1. */
  readonly scale?: number;
  /** Colours exactly as distilled (KHR_materials_unlit) in place of a rough dielectric. Default false. */
  readonly unlit?: boolean;
}

/** The part of the exporter that its plugins see. */
interface Writer {
  readonly json: { asset: { generator: string; extras?: Record<string, string> } };
}

/**
 * A binary glTF 2.0 file: y up, metres, vertex colours (linear, as COLOR_0 asks), one material.
 * Works in a page, a Worker and Node. The same mesh gives the same bytes.
 *
 * @throws RangeError when the mesh has no triangle: glTF has no empty meshes.
 */
export async function exportGlb(mesh: FieldMesh, options: GlbOptions = {}): Promise<Uint8Array> {
  const { prompt = '', name = prompt || 'object', scale = 1, unlit = false } = options;
  if (mesh.indices.length === 0) {
    throw new RangeError('The mesh has no triangle: extract it at another iso-level.');
  }
  const geometry = new BufferGeometry();
  const attribute = (values: Float32Array) => new BufferAttribute(values, 3);
  geometry.setAttribute('position', attribute(mesh.positions.map((value) => value * scale)));
  geometry.setAttribute('normal', attribute(mesh.normals));
  geometry.setAttribute('color', attribute(mesh.colours.map(linear)));
  geometry.setIndex(new BufferAttribute(mesh.indices, 1));
  const material = unlit
    ? new MeshBasicMaterial({ vertexColors: true })
    : new MeshStandardMaterial({ vertexColors: true, metalness: 0, roughness: 1 });
  const object = new Mesh(geometry, material);
  object.name = name;

  const exporter = new GLTFExporter();
  exporter.register((writer: unknown) => ({
    afterParse() {
      const { asset } = (writer as Writer).json;
      asset.generator = 'Limbeck';
      if (prompt) asset.extras = { prompt };
    },
  }));
  const glb = await withFileReader(() => exporter.parseAsync(object, { binary: true }));
  geometry.dispose();
  material.dispose();
  return new Uint8Array(glb as ArrayBuffer);
}

/** Display sRGB to linear light, both in [0, 1] (IEC 61966-2-1). */
export function linear(display: number): number {
  return display <= 0.04045 ? display / 12.92 : ((display + 0.055) / 1.055) ** 2.4;
}
