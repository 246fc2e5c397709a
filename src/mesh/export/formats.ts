/** The kinds of file that a mesh is written as; also what the setting `mesh.format` may be. */
export const formats = ['glb', 'obj', 'ply', 'stl', '3mf', 'usdz'] as const;

export type MeshFormat = (typeof formats)[number];

/** How a GLB's numbers are stored; also what the setting `mesh.compression` may be. */
export const compressions = ['none', 'quantised', 'meshopt'] as const;

export type Compression = (typeof compressions)[number];

/** Formats whose colours are an image; the others have vertex colours, or none. */
const textured: ReadonlySet<MeshFormat> = new Set(['glb', 'obj', 'usdz']);

/**
 * The side of the texture that a file of a format has, in texels; 0 for none.
 * @param asked side in texels; 0 for vertex colours.
 */
export const textureSize = (format: MeshFormat, asked: number): number =>
  textured.has(format) ? asked : 0;
