import type { Mesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';

/** x, y, z, nx, ny, nz in f32; red, green, blue in u8. */
const vertexBytes = 27;
/** The number of corners in u8, each corner in i32. */
const faceBytes = 13;

/**
 * A binary PLY file: y up, metres, normals, vertex colours in 8-bit display sRGB as is customary.
 * (Of colours in floats three's exporter makes float properties, which few programs read.)
 *
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function exportPly(mesh: Mesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file } = completed(options);
  const { positions, normals, colours, indices } = mesh;
  const vertices = positions.length / 3;
  const faces = indices.length / 3;
  const properties = (type: string, names: string) =>
    names.split(' ').map((name) => `property ${type} ${name}`);
  const header = [
    'ply',
    'format binary_little_endian 1.0',
    'comment Limbeck',
    `element vertex ${vertices}`,
    ...properties('float', 'x y z nx ny nz'),
    ...properties('uchar', 'red green blue'),
    `element face ${faces}`,
    'property list uchar int vertex_indices',
    'end_header\n',
  ].join('\n');
  const start = new TextEncoder().encode(header);
  const bytes = new Uint8Array(start.length + vertices * vertexBytes + faces * faceBytes);
  bytes.set(start);
  const view = new DataView(bytes.buffer);
  for (let vertex = 0; vertex < vertices; vertex++) {
    const at = start.length + vertex * vertexBytes;
    for (let axis = 0; axis < 3; axis++) {
      const i = 3 * vertex + axis;
      view.setFloat32(at + 4 * axis, positions[i]!, true);
      view.setFloat32(at + 12 + 4 * axis, normals[i]!, true);
      view.setUint8(at + 24 + axis, Math.round(255 * colours[i]!));
    }
  }
  for (let face = 0; face < faces; face++) {
    const at = start.length + vertices * vertexBytes + face * faceBytes;
    view.setUint8(at, 3);
    for (let k = 0; k < 3; k++) view.setInt32(at + 1 + 4 * k, indices[3 * face + k]!, true);
  }
  return [{ name: `${file}.ply`, bytes }];
}
