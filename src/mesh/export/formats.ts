/** The kinds of file that a mesh is written as; also what the setting `mesh.format` may be. */
export const formats = ['glb', 'obj', 'ply', 'stl'] as const;

export type MeshFormat = (typeof formats)[number];
