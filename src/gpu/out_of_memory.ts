import type { Gpu } from './device';

/** Thrown when the GPU has no memory left for what was to be made. */
export class OutOfMemoryError extends Error {
  override readonly name = 'OutOfMemoryError';
}

/**
 * Makes something and waits until the GPU has found the memory for all of it. `make` is synchronous, so that no
 * one else's commands are taken for its own.
 * @throws OutOfMemoryError when there is too little; what was made is disposed of.
 */
export async function withinMemory<T extends { dispose(): void }>(
  { device }: Pick<Gpu, 'device'>,
  make: () => T,
): Promise<T> {
  device.pushErrorScope('out-of-memory');
  let made: T;
  let refused: Promise<GPUError | null>;
  try {
    made = make();
  } finally {
    refused = device.popErrorScope();
  }
  if ((await refused) === null) return made;
  made.dispose();
  throw new OutOfMemoryError(
    'The GPU has too little memory for it: take fewer runs at a time, a smaller field, or the preset fast or tiny.',
  );
}
