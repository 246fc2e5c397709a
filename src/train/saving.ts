import type { Settings } from '../settings';

/** A name for files, from the prompt, the method and the seed. */
export function baseName({ prompt, method, seed }: Settings): string {
  const words = prompt
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 48);
  return `${words || 'object'}-${method}-${seed}`;
}

/** Bytes that may be transferred: with a buffer of their own. */
export function owned(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = bytes.byteLength === bytes.buffer.byteLength;
  return whole && bytes.buffer instanceof ArrayBuffer
    ? (bytes as Uint8Array<ArrayBuffer>)
    : new Uint8Array(bytes);
}
