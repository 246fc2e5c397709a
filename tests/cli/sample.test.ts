import { expect, test } from 'vitest';
import { sample } from '../../src/cli/sample';
import { refusal } from '../refusal';

test.each([
  [[], 'The prompt is empty. Describe one object'],
  [['x'.repeat(10_000)], 'The prompt has 10000 characters; at most 1000 are accepted'],
  [['a', 'chair'], 'Put the prompt in quotes, "a chair"'],
  [['a chair', '--steps', '0'], '--steps takes a number from 1 to 1000'],
  [['a chair', '--guidance', 'much'], '--guidance takes a number from 0 to 100'],
  [['a chair', '--out', '/dev/null/sheet.png'], "Nothing can be written to '/dev/null'"],
])('%j is refused', async (args, message) => {
  expect(await refusal(sample(args))).toContain(message);
});
