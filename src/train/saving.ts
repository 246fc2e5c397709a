import type { OutputFile } from '../generator/generator';
import type { PngEncoder } from '../image/png';
import type { SavedFile, SavedKind } from '../protocol/messages';
import type { Settings } from '../settings';
import { archived } from '../zip';

/** A run as far as saving goes. */
export interface Saveable {
  readonly settings: Settings;
  checkpoint(): Promise<Uint8Array>;
  files(encodePng: PngEncoder, file: string): Promise<OutputFile[]>;
}

/** A run, and its last good checkpoint for when it can no longer be asked. */
interface Kept {
  readonly run: Saveable;
  readonly saved: Uint8Array | undefined;
}

/** What a run has made, or its checkpoint, as files whose bytes may be transferred. @throws what the run throws. */
export async function filesOf(
  { run, saved }: Kept,
  kind: SavedKind,
  encodePng: PngEncoder,
): Promise<SavedFile[]> {
  const name = baseName(run.settings);
  if (kind === 'object') {
    // Browsers ask before they let a page save several files.
    const files = archived(await run.files(encodePng, name), name);
    return files.map((file) => ({ name: file.name, bytes: owned(file.bytes) }));
  }
  const bytes = await run.checkpoint().catch((error: unknown) => {
    // A copy: what is transferred is gone, and the next who asks gets the same checkpoint.
    if (saved) return saved.slice();
    throw error;
  });
  return [{ name: `${name}.safetensors`, bytes: owned(bytes) }];
}

/** A name for files, from the prompt, the method and the seed. */
export function baseName({ prompt, method, seed }: Settings): string {
  const words = prompt
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 48);
  return `${words || 'object'}-${method}-${seed}`;
}

/** Bytes with a buffer of their own. */
function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole && bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}
