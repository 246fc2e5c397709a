import { expect, test } from 'vitest';
import { bench } from '../../src/cli/bench';

test.each([
  [['grid'], "Unknown bench 'grid': npm run bench -- field, memory, denoiser, prior"],
  [[], "Unknown bench '': npm run bench -- field, memory, denoiser, prior"],
  [['prior', 'a chair'], "'a chair' is too much"],
  [['field', 'grid'], "'grid' is too much"],
  [['prior', '--prompts', '31'], 'prompts'],
  [['field', '--size', 'huge'], "Unknown size 'huge': choose small, medium, large."],
  [['memory', '--steps', '1'], 'steps'],
  [['memory', '--preset', 'huge'], "Unknown preset 'huge'"],
  [['memory', '--method', 'dds'], "Unknown method 'dds'"],
  [['denoiser', '--on', 'tpu'], "Unknown runtime 'tpu': choose node, dawn, wasm, webgpu."],
  [['denoiser', '--threads', '0'], '--threads takes a number from 1 to 64'],
  [['field', '--clock', 'sun'], "Unknown clock 'sun': choose wall or processor."],
])('%j is refused by name', async (args, message) => {
  await expect(bench(args)).rejects.toThrow(message);
});
