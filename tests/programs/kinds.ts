import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ExportOptions, exportMesh, type MeshFormat } from '../../src/mesh/export';
import type { Exported } from './object';

/** Every kind of file that can leave, by its name. */
export const kinds: Readonly<Record<string, [MeshFormat, ExportOptions?, coloursOf?: 'vertices']>> =
  {
    'mesh.glb': ['glb'],
    'painted.glb': ['glb', {}, 'vertices'],
    'unlit.glb': ['glb', { unlit: true }],
    'quantised.glb': ['glb', { compression: 'quantised' }],
    'meshopt.glb': ['glb', { compression: 'meshopt' }],
    'mesh.obj': ['obj'],
    'mesh.ply': ['ply', {}, 'vertices'],
    'mesh.usdz': ['usdz'],
    'painted.usdz': ['usdz', {}, 'vertices'],
    'unlit.usdz': ['usdz', { unlit: true }],
    'mesh.stl': ['stl', {}, 'vertices'],
    'mesh.3mf': ['3mf', {}, 'vertices'],
  };

/** The names of the kinds that end in one of these. */
export const ending = (...suffixes: string[]): string[] =>
  Object.keys(kinds).filter((file) => suffixes.some((suffix) => file.endsWith(suffix)));

/** Kinds that Blender reads. */
export const forBlender = ending('.glb', '.obj', '.ply', '.stl', '.usdz').filter(
  (file) => file !== 'meshopt.glb',
);

/** Writes an object as every kind of file. */
export async function writeKinds(folder: string, object: Exported): Promise<void> {
  for (const [file, [format, options, coloursOf]] of Object.entries(kinds)) {
    const { mesh, texture } = coloursOf
      ? { mesh: object.mesh, texture: undefined }
      : object.textured;
    const named = { ...options, file: file.split('.')[0]!, prompt: 'a figure' };
    const made = await exportMesh(mesh, format, { ...named, ...(texture && { texture }) });
    for (const { name, bytes } of made) await writeFile(join(folder, name), bytes);
  }
}
