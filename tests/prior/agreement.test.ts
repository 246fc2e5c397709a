import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  difference,
  measureDenoiser,
  type Reference,
  readReference,
  tolerance,
} from '../../src/bench/denoiser';
import { LimbeckError } from '../../src/errors';
import { LocalFiles, loadPrior, type Prior } from '../../src/prior/files';
import { shippedPriors } from '../../src/prior/shipped';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint';
import { openTestGpu } from '../gpu';
import { refusal } from '../refusal';

const filesOf = (name: string) => new LocalFiles(`models/${name}`, readFile);
let prior: Prior;
let reference: Reference;
let runtime: Runtime;
beforeAll(async () => {
  const { gpu } = await openTestGpu();
  prior = await loadPrior(filesOf('default'));
  reference = await readReference(filesOf('default'), prior);
  runtime = new Runtime(gpu, await openNodeBackend(gpu, 'cpu'));
});
afterAll(() => runtime.dispose());

const names = Object.keys(shippedPriors);
test.each(names)(
  '%s: the CPU predicts what PyTorch predicts, at five noise levels',
  async (name) => {
    const prior = await loadPrior(filesOf(name));
    const reference = await readReference(filesOf(name), prior);
    const { differences, median, best, calls } = await measureDenoiser(runtime, prior, reference);
    expect(differences.map(({ timestep }) => timestep)).toEqual([20, 260, 500, 740, 980]);
    for (const { max, rms } of differences) {
      expect(max).toBeLessThan(tolerance);
      expect(rms).toBeLessThan(tolerance);
    }
    expect(calls).toBeGreaterThanOrEqual(5);
    expect(best).toBeGreaterThan(0);
    expect(best).toBeLessThanOrEqual(median);
  },
);

test('predictions of another noise level are far apart', () => {
  const [first, second] = reference.levels;
  const { max, rms } = difference(first!.prediction, second!.prediction);
  expect(max).toBeGreaterThan(10 * tolerance);
  expect(rms).toBeGreaterThan(10 * tolerance);
});

test('differences are relative, and one that is not a number counts', () => {
  const found = difference(Float32Array.of(1, -3, 0), Float32Array.of(1, -4, 0));
  expect(found.max).toBeCloseTo(1 / 4);
  expect(found.rms).toBeCloseTo(Math.sqrt(1 / 17));
  expect(difference(Float32Array.of(Number.NaN, 1), Float32Array.of(1, 1)).max).toBeNaN();
});

describe('a reference is refused by name:', () => {
  const changed = (
    change: (stored: ReturnType<typeof readCheckpoint>) => Uint8Array<ArrayBuffer>,
  ) =>
    new LocalFiles('models/default', async (path) => {
      const bytes = await readFile(path);
      return path.endsWith('.safetensors') ? change(readCheckpoint(bytes)) : bytes;
    });
  const cases: [name: string, files: LocalFiles, message: RegExp][] = [
    ['missing', new LocalFiles('src', readFile), /src\/reference.safetensors cannot be read/],
    [
      'truncated',
      changed(({ tensors, metadata }) => writeCheckpoint(tensors, metadata).slice(0, -4)),
      /reference.safetensors is damaged.*truncated.*training compare/,
    ],
    [
      "another denoiser's",
      changed(({ tensors }) => writeCheckpoint(tensors, { denoiser: 'other' })),
      /reference.safetensors is of another denoiser.*training compare/,
    ],
    [
      'without its camera',
      changed(({ tensors: { camera: _, ...rest }, metadata }) => writeCheckpoint(rest, metadata)),
      /no f32 tensor 'camera'/,
    ],
  ];
  test.each(cases)('%s', async (_, from, message) => {
    expect(await refusal(readReference(from, prior))).toMatch(message);
    await expect(readReference(from, prior)).rejects.toThrow(LimbeckError);
  });
});
