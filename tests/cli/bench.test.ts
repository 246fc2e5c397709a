import { expect, test } from 'vitest';
import { bench } from '../../src/cli/bench';

test.each([
  [['grid'], "Unknown bench 'grid': there is field."],
  [[], "Unknown bench '': there is field."],
  [['field', '--size', 'huge'], "Unknown size 'huge': choose small, medium, large."],
  [['field', '--clock', 'sun'], "Unknown clock 'sun': choose wall or processor."],
])('%j is refused by name', async (args, message) => {
  await expect(bench(args)).rejects.toThrow(message);
});
