import type { Mesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';

/** Digits after the point: a micrometre for an object of two metres, a hundredth of a texel. */
const digits = 6;

/**
 * Wavefront OBJ with its material library: y up, metres. With a texture its PNG comes along; without,
 * vertices carry display sRGB after their coordinates, as Blender, MeshLab and three read them.
 * Positions and texture coordinates have indices of their own, so that seams do not open the mesh;
 * three's exporter would repeat the vertices there.
 *
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function exportObj(mesh: Mesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file, name, scale, texture } = completed(options);
  const { positions, normals, colours, indices } = mesh;
  const identifier = name.replace(/[^\p{L}\p{N}]+/gu, '_');
  const lines = ['# Limbeck', `mtllib ${file}.mtl`, `o ${identifier}`];
  for (let i = 0; i < positions.length; i += 3) {
    const place = row(positions.subarray(i, i + 3), scale);
    lines.push(texture ? `v ${place}` : `v ${place} ${row(colours.subarray(i, i + 3))}`);
  }
  for (let i = 0; i < normals.length; i += 3) lines.push(`vn ${row(normals.subarray(i, i + 3))}`);
  if (texture) {
    const { uvs } = texture.atlas;
    // OBJ counts from the image's bottom.
    for (let i = 0; i < uvs.length; i += 2) lines.push(`vt ${row([uvs[i]!, 1 - uvs[i + 1]!])}`);
  }
  lines.push('usemtl object');
  const corner = (i: number) => {
    const vertex = indices[i]! + 1;
    return `${vertex}/${texture ? texture.atlas.indices[i]! + 1 : ''}/${vertex}`;
  };
  for (let i = 0; i < indices.length; i += 3) {
    lines.push(`f ${corner(i)} ${corner(i + 1)} ${corner(i + 2)}`);
  }
  const material = [
    '# Limbeck',
    'newmtl object',
    'Kd 1 1 1',
    'Ks 0 0 0',
    'illum 1',
    ...(texture ? [`map_Kd ${file}.png`] : []),
  ];
  return [
    { name: `${file}.obj`, bytes: text(lines) },
    { name: `${file}.mtl`, bytes: text(material) },
    ...(texture ? [{ name: `${file}.png`, bytes: texture.png.slice() }] : []),
  ];
}

const row = (values: Iterable<number>, scale = 1) =>
  Array.from(values, (value) => String(Number((value * scale).toFixed(digits)))).join(' ');

const text = (lines: readonly string[]) => new TextEncoder().encode(`${lines.join('\n')}\n`);
