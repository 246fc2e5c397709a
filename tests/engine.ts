import { readFile } from 'node:fs/promises';
import type { Gpu } from '../src/gpu/device';
import { LocalFiles } from '../src/prior/files';
import { openNodeBackend } from '../src/runtime/node';
import { Engine } from '../src/train/engine';

/** The shipped prior with its denoiser on the CPU, two threads as on the smallest machine. */
export async function openTestEngine(gpu: Gpu): Promise<Engine> {
  const backend = await openNodeBackend(gpu, 'cpu', 2);
  return Engine.open({ gpu, backend, files: new LocalFiles('models/default', readFile) });
}
