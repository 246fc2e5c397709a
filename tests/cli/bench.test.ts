import { expect, test } from 'vitest';
import { bench } from '../../src/cli/bench';

test.each([
  [['grid'], "Unknown bench 'grid': npm run bench -- field, memory, denoiser, fits, prior"],
  [[], "Unknown bench '': npm run bench -- field, memory, denoiser, fits, prior"],
  [['prior', 'a chair'], "'a chair' is too much"],
  [['field', 'grid'], "'grid' is too much"],
  [['prior', '--prompts', '31'], 'prompts'],
  [['field', '--size', 'huge'], "Unknown size 'huge': choose small, medium, large."],
  [['memory', '--steps', '1'], 'steps'],
  [['memory', '--preset', 'huge'], "Unknown preset 'huge'"],
  [['memory', '--method', 'dds'], "Unknown method 'dds'"],
  [['denoiser', '--on', 'tpu'], "Unknown runtime 'tpu': choose node, dawn, wasm, webgpu."],
  [['denoiser', '--threads', '0'], '--threads takes a number from 1 to 64'],
  [['fits'], 'There is no object: npm run bench -- fits FILE...'],
  [['fits', 'lost.glb'], 'lost.glb'],
  [['fits', 'src/fit'], 'src/fit holds no GLB and no OBJ'],
  [['fits', 'a.glb', 'b/a.obj'], "Two objects are called 'a'"],
  [['fits', 'a.glb', 'b.glb', '--only', 'a,c'], "No object is called 'c': there are a, b"],
  [['field', '--clock', 'sun'], "Unknown clock 'sun': choose wall or processor."],
])('%j is refused by name', async (args, message) => {
  await expect(bench(args)).rejects.toThrow(message);
});
