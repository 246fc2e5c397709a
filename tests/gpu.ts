import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { create, globals } from 'webgpu';
import { Arena } from '../src/gpu/arena';
import { type Gpu, openGpu } from '../src/gpu/device';
import { Shader } from '../src/gpu/kernel';
import { Readback } from '../src/gpu/readback';
import { Submission, type Work } from '../src/gpu/submission';

const icd = resolve('.cache/vulkan/icd.json');
if (existsSync(icd)) process.env.VK_ICD_FILENAMES ??= icd;
Object.assign(globalThis, globals);

// Dawn crashes when its root object is collected while buffers live: hold it for the life of the process.
const held = globalThis as { dawn?: GPU };

/** A device on whatever adapter this machine has, and what a kernel test needs beside it. */
export interface TestGpu {
  readonly gpu: Gpu;
  readonly arena: Arena;
  readonly readback: Readback;
  shader(label: string, code: string, constants?: Record<string, number>): Shader;
  /** Records, submits, and fails on any validation error. `work` is for those that split it; `pass` is its first. */
  run(record: (pass: GPUComputePassEncoder, work: Work) => void): Promise<void>;
}

/** Adapters whose kernels differ in how much one thread does; each kind's run on any adapter. */
export type AdapterKind = 'software' | 'hardware';

/** The same device, given the kernels of a `kind` of adapter. */
export const asKind = (gpu: Gpu, kind: AdapterKind): Gpu => ({
  ...gpu,
  adapter: { ...gpu.adapter, software: kind === 'software' },
});

export async function openTestGpu(): Promise<TestGpu> {
  held.dawn ??= create([]);
  const gpu = await openGpu(held.dawn, 'Run `npm test`, which installs a software adapter.');
  const { device } = gpu;
  return {
    gpu,
    arena: new Arena(gpu, 'test'),
    readback: new Readback(gpu),
    shader: (label, code, constants) => new Shader(gpu, label, code, constants),
    async run(record) {
      device.pushErrorScope('validation');
      const work = new Submission(gpu, 'test');
      record(work.pass, work);
      work.submit();
      const error = await device.popErrorScope();
      if (error) throw new Error(error.message);
    },
  };
}
