import { LimbeckError } from '../errors';
import type { Gpu } from './device';

/**
 * Makes something and waits until the GPU has found the memory for all of it. `make` is synchronous, so that no
 * one else's commands are taken for its own.
 * @param remedy what to do when there is too little.
 * @throws LimbeckError when there is too little; what was made is disposed of.
 */
export async function withinMemory<T extends { dispose(): void }>(
  { device }: Pick<Gpu, 'device'>,
  make: () => T,
  remedy = 'Take fewer runs at a time, a smaller field, or the preset fast or tiny.',
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
  throw new LimbeckError('The GPU has too little memory for it.', remedy);
}
