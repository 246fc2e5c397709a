import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { adapterName } from '../gpu/device';
import { decodeInNode } from '../image/picture_node';
import { FetchedFiles } from '../prior/fetched_files';
import { LocalFiles, type ModelFiles } from '../prior/files';
import { layouts } from '../prior/layouts';
import { firstPrior, priorFolder, shippedPriors } from '../prior/shipped';
import { promptRewards } from '../retrieval/prompt_reward';
import { type BackendKind, chooseBackend } from '../runtime/backend';
import { openNodeBackend } from '../runtime/node';
import { SettingsError } from '../settings';
import { Engine } from '../train/engine';
import type { Flags, Parsed } from './flags';
import { judges, readJudge } from './judges';
import { openNodeGpu } from './node_gpu';

/** What runs where: the same flags for every command that needs the prior. */
export interface Machine {
  /** The prior: one that ships, by its name, or a folder, or the URL of one. */
  readonly model: string;
  /** Part of the name of the adapter to use; empty for any. */
  readonly adapter: string;
  readonly denoiser: BackendKind | 'auto';
}

export const machineFlags: Flags = {
  model: {
    value: 'NAME',
    text: `the prior: ${Object.keys(shippedPriors).join(', ')}, or the folder or URL of another (default: ${firstPrior})`,
  },
  adapter: { value: 'NAME', text: 'part of the name of the WebGPU adapter to use' },
  denoiser: { value: 'KIND', text: 'where the denoiser runs: auto, webgpu or cpu (default: auto)' },
};

/** @throws SettingsError for a denoiser that is none. */
export function parseMachine(parsed: Parsed): Machine {
  const denoiser = parsed.get('denoiser') ?? 'auto';
  if (denoiser !== 'auto' && denoiser !== 'webgpu' && denoiser !== 'cpu') {
    throw new SettingsError(`Unknown denoiser '${denoiser}'.`, 'Choose auto, webgpu or cpu.');
  }
  return {
    model: parsed.get('model') ?? firstPrior,
    adapter: parsed.get('adapter') ?? '',
    denoiser,
  };
}

const models = fileURLToPath(new URL('../../models', import.meta.url));

/**
 * The folder of a prior: of one that ships, by its name.
 * @throws SettingsError when it is neither that nor a folder of a prior.
 */
export function folderOf(prior: string): string {
  const folder = priorFolder(prior, models);
  if (layouts.some(({ index }) => existsSync(join(folder, index)))) return folder;
  const names = Object.keys(shippedPriors).join(', ');
  throw new SettingsError(
    `There is no prior '${prior}'.`,
    `Choose ${names}, or give a folder that has a ${layouts.map(({ index }) => index).join(' or a ')}.`,
  );
}

/** The files of a prior, here or on a server. @throws SettingsError when it is no prior's name and no folder of one. */
const filesOf = (prior: string): ModelFiles =>
  /^https?:\/\//.test(prior) ? new FetchedFiles(prior) : new LocalFiles(folderOf(prior), readFile);

/**
 * @param reward what runs may climb: one that ships, or a folder; read where one does.
 * @throws LimbeckError without an adapter or without a prior.
 */
export async function openEngine(
  { model, adapter, denoiser }: Machine,
  reward: string = judges.reward,
): Promise<Engine> {
  const gpu = await openNodeGpu(adapter);
  const backend = await openNodeBackend(gpu, chooseBackend(gpu, denoiser));
  const files = filesOf(model);
  const engine = await Engine.open({
    gpu,
    backend,
    files,
    platform: decodeInNode,
    reward: promptRewards(() => readJudge(reward)),
  });
  say(`${adapterName(gpu.adapter)}; denoiser: ${engine.denoiserDescription}`);
  return engine;
}

/** Says how many gradient accumulators overflowed, if any did. */
export function warnOfSaturations(count: number): void {
  if (count > 0)
    say(`${count} sums of gradients overflowed: those entries of the field took wrong steps`);
}

/** A line for people, kept apart from what a program may read. */
export function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
