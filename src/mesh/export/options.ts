import { LimbeckError } from '../../errors';
import type { Mesh } from '../surface/extract';
import type { Texture } from '../texture/texture';

/** A file of an export: the mesh itself, or what it refers to. */
export interface MeshFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface ExportOptions {
  /** The files' name, without its extension. Default 'mesh'. */
  readonly file?: string;
  /** The object's name in the file. Default: the prompt, or 'object'. */
  readonly name?: string;
  /** Kept in a GLB's extras. */
  readonly prompt?: string;
  /** Metres per unit of the field, whose object has a diameter of up to 2. Default 1. */
  readonly scale?: number;
  /** GLB: colours exactly as distilled (KHR_materials_unlit), not a rough dielectric. Default false. */
  readonly unlit?: boolean;
  /** For GLB and OBJ; PLY has vertex colours and STL has none. */
  readonly texture?: Texture;
}

/** Options with their defaults. @throws LimbeckError for those that no file can have. */
export function completed(options: ExportOptions) {
  const { file = 'mesh', prompt = '', scale = 1, unlit = false, texture } = options;
  const name = options.name || prompt || 'object';
  if (!/^[\w.-]+$/.test(file)) {
    throw new LimbeckError(
      `'${file}' cannot name a mesh's files.`,
      "Use letters, digits, '_' and '-'.",
    );
  }
  if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
    throw new RangeError(`A mesh's scale must be a positive number of metres, not ${scale}.`);
  }
  return { file, name, prompt, scale, unlit, texture };
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
