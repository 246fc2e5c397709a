import { expect, test, vi } from 'vitest';
import { fuzz } from './fuzz';
import { fuzzedFormats } from './mutants';

/** `npm run fuzz` asks for more. */
const asked = process.env.LIMBECK_FUZZ;
const count = Number(asked ?? 200);

test.each(fuzzedFormats)(
  `${count} mutants of %s are objects, or are refused`,
  async (format) => {
    const fetching = vi.spyOn(globalThis, 'fetch').mockImplementation(() => {
      throw new Error('Nothing may be fetched.');
    });
    const { objects, refused, longest, growth } = await fuzz(format, count);
    expect(fetching).not.toHaveBeenCalled();
    fetching.mockRestore();
    expect(objects + refused).toBe(count);
    expect(objects).toBeGreaterThan(0);
    expect(refused).toBeGreaterThan(0);
    // Processor time: the clock would count other programs.
    expect(longest).toBeLessThan(2);
    expect(growth).toBeLessThan(2 ** 30);
    if (asked) {
      const megabytes = Math.round(growth / 2 ** 20);
      console.log(
        `${format}: ${objects} objects, ${refused} refused; ${longest.toFixed(2)} s and ${megabytes} MiB at most`,
      );
    }
  },
  3_600_000,
);
