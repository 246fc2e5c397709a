import { BufferAttribute, BufferGeometry, Mesh } from 'three';
import { STLExporter } from 'three/addons/exporters/STLExporter.js';
import type { Mesh as FieldMesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';

/**
 * A binary STL file: triangles alone, y up, metres.
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function exportStl(mesh: FieldMesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file, scale } = completed(options);
  const geometry = new BufferGeometry();
  const positions = mesh.positions.map((value) => value * scale);
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(mesh.indices, 1));
  const stl = new STLExporter().parse(new Mesh(geometry), { binary: true });
  geometry.dispose();
  return [{ name: `${file}.stl`, bytes: new Uint8Array(stl.buffer as ArrayBuffer) }];
}
