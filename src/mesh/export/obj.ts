import type { Mesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';
import { decimal, encoded, rows } from './text';

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
  const { file, name, texture } = completed(options);
  const { positions, normals, colours, indices } = mesh;
  const identifier = name.replace(/[^\p{L}\p{N}]+/gu, '_');
  const tints = texture ? undefined : rows(colours, 3, spaced);
  const lines = [
    '# Limbeck',
    `mtllib ${file}.mtl`,
    `o ${identifier}`,
    ...rows(positions, 3, spaced).map((place, i) => `v ${place}${tints ? ` ${tints[i]}` : ''}`),
    ...rows(normals, 3, (normal) => `vn ${spaced(normal)}`),
    // OBJ counts from the image's bottom.
    ...(texture ? rows(texture.atlas.uvs, 2, ([u, v]) => `vt ${spaced([u!, 1 - v!])}`) : []),
  ];
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
    { name: `${file}.obj`, bytes: encoded(lines) },
    { name: `${file}.mtl`, bytes: encoded(material) },
    ...(texture ? [{ name: `${file}.png`, bytes: texture.png.slice() }] : []),
  ];
}

const spaced = (values: readonly number[]) => values.map(decimal).join(' ');
