import { readFile } from 'node:fs/promises';
import type { Gpu } from '../src/gpu/device';
import type { Reward } from '../src/guidance/reward';
import { decodeInNode } from '../src/image/picture_node';
import { LocalFiles } from '../src/prior/files';
import type { Manifest } from '../src/prior/manifest';
import { openNodeBackend } from '../src/runtime/node';
import { Engine, type RewardSource } from '../src/train/engine';
import { tinyPrior } from './prior/tiny_prior';

/** The shipped prior with its denoiser on the CPU, two threads as on the smallest machine. */
export async function openTestEngine(gpu: Gpu): Promise<Engine> {
  const backend = await openNodeBackend(gpu, 'cpu', 2);
  return Engine.open({
    gpu,
    backend,
    files: new LocalFiles('models/default', readFile),
    platform: decodeInNode,
  });
}

/** R = −½ Σ views²: for methods that climb a reward. */
export const darkness: Reward = {
  id: 'darkness',
  evaluate: async (views) => ({
    value: -views.reduce((sum, x) => sum + x * x, 0) / 2,
    gradient: views.map((x) => -x),
  }),
};

/** A prior small enough that a step takes milliseconds, its manifest changed by `change`. */
export async function openTinyEngine(
  gpu: Gpu,
  change: Partial<Manifest> = {},
  reward?: RewardSource,
): Promise<Engine> {
  const { files } = await tinyPrior(change);
  const backend = await openNodeBackend(gpu, 'cpu', 1);
  const read = async (path: string) => files.get(path)!;
  return Engine.open({ gpu, backend, files: { read }, ...(reward && { reward }) });
}
