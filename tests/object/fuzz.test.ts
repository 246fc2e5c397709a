import { expect, test, vi } from 'vitest';
import { fuzz } from './fuzz';
import { fuzzedFormats } from './mutants';

/** `npm run fuzz` asks for more. */
const count = Number(process.env.LIMBECK_FUZZ ?? 200);

test.each(fuzzedFormats)(
  `${count} mutants of %s are objects, or are refused`,
  async (format) => {
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(() => {
      throw new Error('Nothing may be fetched.');
    });
    const { objects, refused, longest } = await fuzz(format, count);
    expect(fetching).not.toHaveBeenCalled();
    fetching.mockRestore();
    expect(objects + refused).toBe(count);
    expect(objects).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    // Processor time: the clock would count other programs.
    expect(longest).toBeLessThan(2);
  },
  3_600_000,
);
