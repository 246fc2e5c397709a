import { LimbeckError } from '../../errors';
import type { Mesh } from '../surface/extract';
import { formats, type MeshFormat } from './formats';
import { exportGlb } from './glb';
import { exportObj } from './obj';
import { completed, type ExportOptions, type MeshFile } from './options';
import { exportPly } from './ply';
import { exportStl } from './stl';

export { formats, type MeshFormat, textureSize } from './formats';
export type { ExportOptions, MeshFile } from './options';

type Exporter = (mesh: Mesh, options: ExportOptions) => MeshFile[] | Promise<MeshFile[]>;

const exporters: Readonly<Record<MeshFormat, Exporter>> = {
  glb: async (mesh, options) => [
    { name: `${completed(options).file}.glb`, bytes: await exportGlb(mesh, options) },
  ],
  obj: exportObj,
  ply: exportPly,
  stl: exportStl,
};

/**
 * A mesh as files, the first being the one to open: y up, metres.
 *
 * @throws LimbeckError for a format that is none of `formats`, a mesh that no file can hold (see
 *   `checkMesh`), or options out of range.
 */
export async function exportMesh(
  mesh: Mesh,
  format: MeshFormat,
  options: ExportOptions = {},
): Promise<MeshFile[]> {
  if (!Object.hasOwn(exporters, format)) {
    throw new LimbeckError(
      `Unknown mesh format '${format}'.`,
      `Choose one of ${formats.join(', ')}.`,
    );
  }
  return exporters[format](mesh, options);
}
