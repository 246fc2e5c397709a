import { LimbeckError } from '../errors';
import { type ModelFiles, verify } from '../prior/files';
import { parseRetrievalManifest, type RetrievalManifest } from './manifest';

/** The files of a network that judges, in memory, verified against its manifest. */
export interface RetrievalFiles {
  readonly manifest: RetrievalManifest;
  /** ONNX: views, sentences -> scores, embedding. */
  readonly network: Uint8Array<ArrayBuffer>;
  readonly textEncoder: Uint8Array<ArrayBuffer>;
  readonly tokenizer: unknown;
  /** Captions among which a prompt is looked for, in the order in which they are taken. */
  readonly captions: readonly string[];
}

/**
 * Reads `manifest.json` and the files that it lists.
 * @param folder its name in messages.
 * @throws LimbeckError naming a field, or a file that is missing, truncated or altered.
 */
export async function loadRetrieval(files: ModelFiles, folder: string): Promise<RetrievalFiles> {
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  const manifest = parseRetrievalManifest(
    parsed(text(await files.read('manifest.json')), `${folder}/manifest.json`),
    folder,
  );
  const read = async (role: keyof RetrievalManifest['files']) => {
    const entry = manifest.files[role];
    const bytes = await files.read(entry.path);
    await verify({ ...entry, path: `${folder}/${entry.path}` }, bytes);
    return bytes;
  };
  const captions = text(await read('captions'));
  return {
    manifest,
    network: await read('network'),
    textEncoder: await read('text_encoder'),
    tokenizer: parsed(text(await read('tokenizer')), manifest.files.tokenizer.path),
    captions: captions.split('\n').filter((line) => line !== ''),
  };
}

function parsed(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new LimbeckError(`${path} is not JSON: it is damaged.`, 'Download the model again.');
  }
}
