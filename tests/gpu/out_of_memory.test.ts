import { expect, test } from 'vitest';
import { LimbeckError } from '../../src/errors';
import type { Gpu } from '../../src/gpu/device';
import { withinMemory } from '../../src/gpu/out_of_memory';

/** A device that says of everything that was made in a scope whether it had the memory. */
function gpuWith(error: GPUError | null) {
  const scopes: string[] = [];
  const device = {
    pushErrorScope: (filter: string) => void scopes.push(filter),
    popErrorScope: async () => {
      expect(scopes.pop()).toBe('out-of-memory');
      return error;
    },
  };
  return { gpu: { device } as unknown as Pick<Gpu, 'device'>, scopes };
}

test('what fits is returned', async () => {
  const made = { dispose: () => expect.unreachable() };
  expect(await withinMemory(gpuWith(null).gpu, () => made)).toBe(made);
});

test('what does not fit is freed, and the remedy is named', async () => {
  let disposed = false;
  const made = withinMemory(gpuWith({ message: 'no memory' } as GPUError).gpu, () => ({
    dispose: () => {
      disposed = true;
    },
  }));
  await expect(made).rejects.toThrow(LimbeckError);
  await expect(made).rejects.toMatchObject({ remedy: expect.stringMatching(/fewer runs/) });
  expect(disposed).toBe(true);
});

test('a size that the adapter refuses leaves no scope open', async () => {
  const { gpu, scopes } = gpuWith(null);
  const made = withinMemory(gpu, () => {
    throw new RangeError('too large');
  });
  await expect(made).rejects.toThrow('too large');
  expect(scopes).toEqual([]);
});
