/** The kinds of file that a mesh is written as; also what the setting `mesh.format` may be. */
export const formats = ['glb', 'obj', 'ply', 'stl'] as const;

export type MeshFormat = (typeof formats)[number];

/** Side in texels of an OBJ's texture by default: the format has no vertex colours by its definition. */
const objTextureSize = 1024;

/**
 * The side of the texture that a file of a format has, in texels; 0 for none.
 * @param asked side in texels; 0 for vertex colours where the format has them.
 */
export function textureSize(format: MeshFormat, asked: number): number {
  if (format === 'ply' || format === 'stl') return 0;
  return asked || (format === 'obj' ? objTextureSize : 0);
}
