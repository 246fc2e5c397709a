import { LimbeckError } from '../../errors';
import type { Mesh } from '../surface/extract';
import { formats, type MeshFormat } from './formats';
import { exportGlb } from './glb';
import { exportObj } from './obj';
import type { ExportOptions, MeshFile } from './options';
import { exportPly } from './ply';
import { exportStl } from './stl';
import { export3mf } from './threemf';
import { exportUsdz } from './usdz';

export { formats, type MeshFormat, textureSize } from './formats';
export type { ExportOptions, MeshFile } from './options';

type Exporter = (mesh: Mesh, options: ExportOptions) => MeshFile[] | Promise<MeshFile[]>;

const exporters: Readonly<Record<MeshFormat, Exporter>> = {
  glb: exportGlb,
  obj: exportObj,
  ply: exportPly,
  stl: exportStl,
  '3mf': export3mf,
  usdz: exportUsdz,
};

/**
 * A mesh as files, the first being the one to open: y up, metres, but for the formats of printers (STL, 3MF),
 * which are z up, millimetres.
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
