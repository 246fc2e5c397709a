import { LimbeckError } from '../errors';
import { ClipTokenizer, type ClipTokenizerFiles } from './diffusers/clip_tokenizer';
import { type PromptTokenizer, Tokenizer, type TokenizerJson } from './tokenizer';

/** The tokenizers that there are, by the format that their files name. */
const formats: Readonly<Record<string, (files: unknown) => PromptTokenizer>> = {
  wordpiece: (files) => new Tokenizer(files as TokenizerJson),
  clip: (files) => new ClipTokenizer(files as ClipTokenizerFiles),
};

/** The tokenizer of a prior's files. @throws LimbeckError when they are of no known format, or damaged. */
export function tokenizerOf(files: unknown): PromptTokenizer {
  const { format } = files as { readonly format?: unknown };
  const make = typeof format === 'string' && Object.hasOwn(formats, format) && formats[format];
  if (make) return make(files);
  throw new LimbeckError(
    `tokenizer.json: format "${format}" is not known.`,
    `Export the model again, with the format ${Object.keys(formats).join(' or ')}.`,
  );
}
