/** What a network that judges views says of itself in its `manifest.json`. */
import * as v from 'valibot';
import { LimbeckError } from '../errors';

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
const file = v.object({
  /** From the manifest's folder. */
  path: v.pipe(v.string(), v.nonEmpty()),
  bytes: count,
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
});

const manifest = v.object({
  id: v.pipe(v.string(), v.nonEmpty()),
  /** For people. */
  name: v.string(),
  licence: v.string(),
  /** Side in pixels of the views that it takes. */
  resolution: count,
  /** Sizes of the text encoder; see the manifest of a prior. */
  text: v.object({ max_tokens: count, width: count, pooled: count }),
  /** Width of an object's embedding. */
  embedding: count,
  /** How often it finds the caption of a real object that it has not seen, among so many, from so many views. */
  accuracy: v.object({ objects: count, captions: count, views: count, top1: share, top5: share }),
  files: v.object({ network: file, captions: file, text_encoder: file, tokenizer: file }),
});

export type RetrievalManifest = v.InferOutput<typeof manifest>;

/** Shares of real held-out objects whose caption comes first, and is among the first five. */
export type Accuracy = RetrievalManifest['accuracy'];

/**
 * Checks a parsed `manifest.json`.
 * @throws LimbeckError naming the first field that does not fit.
 */
export function parseRetrievalManifest(json: unknown, folder: string): RetrievalManifest {
  const { success, output, issues } = v.safeParse(manifest, json, { abortEarly: true });
  if (success) return output;
  const field = v.getDotPath(issues[0]) ?? 'its content';
  throw new LimbeckError(
    `${folder}/manifest.json is not of a network that judges views: ${field}: ${issues[0].message}.`,
    'Give a folder that `python -m training retrieval export` wrote.',
  );
}
