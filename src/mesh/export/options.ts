import { LimbeckError } from '../../errors';
import type { NamedBytes } from '../../zip';
import type { Mesh } from '../surface/extract';
import type { Texture } from '../texture/texture';
import type { Compression } from './formats';

/** A file of an export: the mesh itself, or what it refers to. */
export type MeshFile = NamedBytes;

export interface ExportOptions {
  /** The files' name, without its extension. Default 'mesh'. */
  readonly file?: string;
  /** The object's name in the file. Default: the prompt, or 'object'. */
  readonly name?: string;
  /** Kept in a GLB's extras. */
  readonly prompt?: string;
  /** GLB and USDZ: colours exactly as distilled, not a rough dielectric. Default false. */
  readonly unlit?: boolean;
  /** GLB: how its numbers are stored. Default 'none': 32-bit floats. */
  readonly compression?: Compression;
  /** STL and 3MF: the object's height. Default 60. */
  readonly millimetres?: number;
  /** For GLB, OBJ and USDZ; PLY and 3MF have vertex colours and STL has none. */
  readonly texture?: Texture;
}

/** Options with their defaults. @throws LimbeckError for those that no file can have. */
export function completed(options: ExportOptions) {
  const { file = 'mesh', prompt = '', unlit = false, texture } = options;
  const { compression = 'none', millimetres = 60 } = options;
  const name = options.name || prompt || 'object';
  if (!/^[\p{L}\p{N}_.-]+$/u.test(file)) {
    throw new LimbeckError(
      `'${file}' cannot name a mesh's files.`,
      "Use letters, digits, '_' and '-'.",
    );
  }
  if (!(millimetres > 0 && millimetres < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`A mesh's height must be a positive number, not ${millimetres} mm.`);
  }
  return { file, name, prompt, unlit, compression, millimetres, texture };
}

/**
 * Checks what any file needs of a mesh.
 * @throws LimbeckError naming what is wrong: no triangle, lengths that do not agree, an index without a
 *   vertex, a value that is not finite, a colour outside of [0, 1].
 */
export function checkMesh({ positions, normals, colours, indices }: Mesh): void {
  if (indices.length === 0) {
    throw new LimbeckError('The mesh has no triangle.', 'Extract it at another iso-level.');
  }
  for (const [what, values] of Object.entries({ normals, colours })) {
    if (values.length !== positions.length) {
      throw new RangeError(
        `The mesh has ${positions.length} coordinates but ${values.length} of ${what}.`,
      );
    }
  }
  const vertices = positions.length / 3;
  const stray = indices.find((vertex) => vertex >= vertices);
  if (stray !== undefined) {
    throw new RangeError(`The mesh's triangles use vertex ${stray}; it has ${vertices}.`);
  }
  const refuse = (what: string, values: Float32Array, fits: (value: number) => boolean) => {
    const at = values.findIndex((value) => !fits(value));
    if (at < 0) return;
    throw new LimbeckError(
      `The mesh's ${what} at vertex ${Math.floor(at / 3)} is ${values[at]}.`,
      'Extract it anew from a field without such values.',
    );
  };
  refuse('position', positions, Number.isFinite);
  refuse('normal', normals, Number.isFinite);
  refuse('colour', colours, (value) => value >= 0 && value <= 1);
}
