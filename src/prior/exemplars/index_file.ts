/** The index of a library of exemplars: what `python -m training library` writes. */

import * as v from 'valibot';
import { LimbeckError } from '../../errors';
import { type ModelFile, modelFile } from '../manifest';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const positive = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const finite = v.pipe(v.number(), v.finite());

const index = v.object({
  /** The bytes that the offsets below are of; its path is from the index's folder. */
  file: modelFile,
  /** Side of a view in pixels, and views of an object. */
  size: positive,
  views: positive,
  /** Pictures of a grid of objects, one strip of views each, left to right, then top to bottom. */
  pages: v.object({
    columns: positive,
    rows: positive,
    /** Offset and length of each. */
    places: v.array(v.tuple([count, positive])),
  }),
  /** All that is said of the objects. */
  phrases: v.array(v.string()),
  /**
   * Their meanings: int8 rows from an offset on, which times `scale` are unit features of the text encoder in a basis of
   * fewer dimensions: rows int8 [width, of], which times its scale are orthonormal.
   */
  sentences: v.object({
    at: count,
    width: positive,
    scale: finite,
    basis: v.object({ at: count, of: positive, scale: finite }),
  }),
  sources: v.array(v.object({ author: v.string(), source: v.string(), licence: v.string() })),
  /** In the order of the strips. */
  objects: v.array(
    v.object({
      id: v.string(),
      /** In `sources`. */
      source: count,
      /** In `phrases`. */
      phrases: v.pipe(v.array(count), v.minLength(1)),
      /** Those of its phrases that bring other objects to mind. */
      untypical: v.optional(v.array(count), []),
    }),
  ),
});

export type LibraryIndex = v.InferOutput<typeof index>;

/**
 * Checks a parsed index, and that its numbers lead somewhere.
 * @param path of the index, for errors.
 * @throws LimbeckError naming the field.
 */
export function parseIndex(json: unknown, path: string): LibraryIndex {
  const { success, output, issues } = v.safeParse(index, json, { abortEarly: true });
  if (!success) {
    const field = v.getDotPath(issues[0]);
    throw refusal(path, `${field ? `${field}: ` : ''}${issues[0].message.replace(/\.$/, '')}`);
  }
  const { pages, sentences, phrases, sources, objects, file } = output;
  const ends = [
    ...pages.places.map(([at, length]) => at + length),
    sentences.at + phrases.length * sentences.width,
    sentences.basis.at + sentences.width * sentences.basis.of,
  ];
  if (Math.max(...ends) > file.bytes) {
    throw refusal(path, `it points beyond the ${file.bytes} bytes of ${file.path}`);
  }
  if (pages.places.length * pages.columns * pages.rows < objects.length) {
    throw refusal(path, `its pages have no room for ${objects.length} objects`);
  }
  const lost = objects.find(
    ({ source, phrases: said }) =>
      source >= sources.length || said.some((phrase) => phrase >= phrases.length),
  );
  if (lost) throw refusal(path, `${lost.id} names a source or a phrase that there is not`);
  return output;
}

const refusal = (path: string, what: string) =>
  new LimbeckError(`${path} is no index of exemplars: ${what}.`, 'Write the library again.');

/** A file of the index, its path from the folder of the prior's manifest. */
export function besideIndex(indexPath: string, file: ModelFile): ModelFile {
  const folder = indexPath.slice(0, indexPath.lastIndexOf('/') + 1);
  return { ...file, path: folder + file.path };
}
