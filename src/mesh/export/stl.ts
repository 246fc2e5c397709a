import { BufferAttribute, BufferGeometry, Mesh } from 'three';
import { STLExporter } from 'three/addons/exporters/STLExporter.js';
import type { Mesh as FieldMesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';
import { printPositions } from './print';

/**
 * A binary STL file: triangles alone, millimetres, z up.
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function exportStl(mesh: FieldMesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file, millimetres } = completed(options);
  const geometry = new BufferGeometry();
  const positions = printPositions(mesh.positions, millimetres);
  geometry.setAttribute('position', new BufferAttribute(positions, 3));
  geometry.setIndex(new BufferAttribute(mesh.indices, 1));
  const stl = new STLExporter().parse(new Mesh(geometry), { binary: true });
  geometry.dispose();
  return [{ name: `${file}.stl`, bytes: new Uint8Array(stl.buffer as ArrayBuffer) }];
}
