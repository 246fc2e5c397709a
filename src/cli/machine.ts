import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type BackendKind, chooseBackend } from '../diffusion/backend';
import { LocalFiles } from '../diffusion/files';
import { openNodeBackend } from '../diffusion/ort_node';
import { adapterName } from '../gpu/device';
import { SettingsError } from '../settings';
import { Engine } from '../train/engine';
import type { Flags, Parsed } from './flags';
import { openNodeGpu } from './node_gpu';

/** What runs where: the same flags for every command that needs the prior. */
export interface Machine {
  /** Folder of the prior; empty for the one that ships. */
  readonly model: string;
  /** Part of the name of the adapter to use; empty for any. */
  readonly adapter: string;
  readonly denoiser: BackendKind | 'auto';
}

export const machineFlags: Flags = {
  model: { value: 'DIR', text: 'folder of another prior, with its manifest.json' },
  adapter: { value: 'NAME', text: 'part of the name of the WebGPU adapter to use' },
  denoiser: { value: 'KIND', text: 'where the denoiser runs: auto, webgpu or cpu (default: auto)' },
};

/** @throws SettingsError for a denoiser that is none. */
export function parseMachine(parsed: Parsed): Machine {
  const denoiser = parsed.get('denoiser') ?? 'auto';
  if (denoiser !== 'auto' && denoiser !== 'webgpu' && denoiser !== 'cpu') {
    throw new SettingsError(`Unknown denoiser '${denoiser}': choose auto, webgpu or cpu.`);
  }
  return { model: parsed.get('model') ?? '', adapter: parsed.get('adapter') ?? '', denoiser };
}

/** Folder of the prior that ships. */
export const shippedModel = fileURLToPath(new URL('../../models/default', import.meta.url));

/** @throws NoAdapterError without an adapter; ModelFileError, ManifestError or ModelError without a prior. */
export async function openEngine({ model, adapter, denoiser }: Machine): Promise<Engine> {
  const gpu = await openNodeGpu(adapter);
  const backend = await openNodeBackend(gpu, chooseBackend(gpu, denoiser));
  const files = new LocalFiles(model || shippedModel, readFile);
  const engine = await Engine.open({ gpu, backend, files });
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
