import { LimbeckError } from '../errors';
import { type FileStore, type ModelFiles, remedy } from './files';

/** Times that a download which broke off is taken up again where it ended. */
const resumptions = 2;

/** A model's folder on a server. */
export class FetchedFiles implements ModelFiles {
  readonly store?: FileStore;
  readonly #base: string;

  /** @param base URL of the folder that holds `manifest.json`, with or without a slash at its end. */
  constructor(base: string, store?: FileStore) {
    this.#base = base.endsWith('/') ? base : `${base}/`;
    if (store) this.store = store;
  }

  async read(path: string, onProgress?: (received: number, total: number) => void) {
    const url = this.#base + path;
    const chunks: Uint8Array[] = [];
    let received = 0;
    for (let left = resumptions; ; left--) {
      const response = await this.#ask(url, received);
      // A server that knows no ranges begins anew.
      if (response.status !== 206) {
        chunks.length = 0;
        received = 0;
      }
      const total = received + Number(response.headers.get('content-length') ?? 0);
      try {
        for await (const chunk of chunksOf(response)) {
          chunks.push(chunk);
          received += chunk.byteLength;
          onProgress?.(received, total);
        }
        return concatenate(chunks);
      } catch (error) {
        if (left > 0) continue;
        throw new LimbeckError(
          `The download of ${url} broke off after ${received} bytes: ${(error as Error).message}.`,
          'Check the connection.',
        );
      }
    }
  }

  /** @param from the first byte that is wanted. */
  async #ask(url: string, from: number): Promise<Response> {
    const headers: HeadersInit = from > 0 ? { range: `bytes=${from}-` } : {};
    const response = await fetch(url, { headers }).catch((error: Error) => {
      throw new LimbeckError(
        `${url} cannot be fetched: ${error.message}.`,
        'Check the connection, and that its server allows other pages to read it (CORS).',
      );
    });
    if (!response.ok) {
      throw new LimbeckError(`${url} is missing (HTTP ${response.status}).`, remedy);
    }
    return response;
  }
}

async function* chunksOf({ body }: Response): AsyncGenerator<Uint8Array> {
  const reader = body?.getReader();
  for (let part = await reader?.read(); part?.value; part = await reader?.read()) yield part.value;
}

function concatenate(chunks: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.byteLength, 0));
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.byteLength;
  }
  return bytes;
}
