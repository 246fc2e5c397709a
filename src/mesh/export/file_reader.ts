/** What three's exporters use of a FileReader. */
class BlobReader {
  /** Calls of `withFileReader` under way. */
  static users = 0;

  result: ArrayBuffer | null = null;
  onloadend: (() => void) | null = null;

  readAsArrayBuffer(blob: Blob): void {
    void blob.arrayBuffer().then((bytes) => {
      this.result = bytes;
      this.onloadend?.();
    });
  }
}

/**
 * Runs `call` with a FileReader, which pages and Workers have and Node lacks: there the global is
 * set until the last call has ended.
 */
export async function withFileReader<T>(call: () => Promise<T>): Promise<T> {
  const scope: { FileReader?: unknown } = globalThis;
  if (scope.FileReader !== undefined && scope.FileReader !== BlobReader) return call();
  scope.FileReader = BlobReader;
  BlobReader.users++;
  try {
    return await call();
  } finally {
    BlobReader.users--;
    if (BlobReader.users === 0) delete scope.FileReader;
  }
}
