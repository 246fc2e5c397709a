import { expect, test } from 'vitest';
import { bench } from '../../src/cli/bench';
import { nounOf } from '../../src/cli/bench_exemplars';
import { refusal } from '../refusal';

test.each([
  [
    ['grid'],
    "Unknown bench 'grid'. Try npm run bench -- field, memory, denoiser, fits, prior, exemplars, start",
  ],
  [
    [],
    "Unknown bench ''. Try npm run bench -- field, memory, denoiser, fits, prior, exemplars, start",
  ],
  [['prior', 'a chair'], "'a chair' is too much"],
  [['field', 'grid'], "'grid' is too much"],
  [['prior', '--prompts', '31'], 'prompts'],
  [['field', '--size', 'huge'], "Unknown size 'huge'. Choose small, medium, large."],
  [['memory', '--steps', '1'], 'steps'],
  [['memory', '--preset', 'huge'], "Unknown preset 'huge'"],
  [['memory', '--method', 'dds'], "Unknown method 'dds'"],
  [['denoiser', '--on', 'tpu'], "Unknown runtime 'tpu'. Choose node, dawn, wasm, webgpu."],
  [['denoiser', '--threads', '0'], '--threads takes a number from 1 to 64'],
  [['fits'], 'There is no object. Name one: npm run bench -- fits FILE...'],
  [['fits', 'lost.glb'], 'lost.glb'],
  [['fits', 'src/fit'], 'src/fit holds no GLB and no OBJ'],
  [['fits', 'a.glb', 'b/a.obj'], "Two objects are called 'a'"],
  [['fits', 'a.glb', 'b.glb', '--only', 'a,c'], "No object is called 'c'. There are a, b"],
  [['exemplars'], 'There is no object. Name one: npm run bench -- exemplars FILE...'],
  [['start', '--methods', 'dds'], "Unknown method 'dds'"],
  [['start', '--preset', 'huge'], "Unknown preset 'huge'"],
  [['field', '--clock', 'sun'], "Unknown clock 'sun'. Choose wall or processor."],
])('%j is refused by name', async (args, message) => {
  expect(await refusal(bench(args))).toContain(message);
});

test('a file says in words what it shows', () => {
  expect(['old-chair_12', 'one-storey-building-o00023', 'Fox', '42'].map(nounOf)).toEqual([
    'old chair',
    'one storey building',
    'fox',
    '42',
  ]);
});
