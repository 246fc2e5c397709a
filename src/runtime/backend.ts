import type { InferenceSession } from 'onnxruntime-web';
import type { Gpu } from '../gpu/device';

/** Where the networks run: on the shared device, or on the CPU beside a software adapter. */
export type BackendKind = 'webgpu' | 'cpu';

export type OrtModule = Pick<typeof import('onnxruntime-web'), 'InferenceSession' | 'Tensor'>;

/** onnxruntime as the process offers it; made by `openNodeBackend` or `openWebBackend`. */
export interface OrtBackend {
  readonly kind: BackendKind;
  /** For people: which onnxruntime, how many threads. */
  readonly description: string;
  readonly ort: OrtModule;
  /** Execution providers and threads of the networks that run in every step. */
  readonly options: InferenceSession.SessionOptions;
  /** The same for models that the host calls now and then: on the CPU, which asks no feature of the device. */
  readonly hostOptions: InferenceSession.SessionOptions;
}

/**
 * The back end that suits an adapter: a software adapter is an order of magnitude slower at a network than the
 * CPU code that onnxruntime brings, so there only the field stays on the adapter.
 */
export function chooseBackend(gpu: Gpu, wanted: BackendKind | 'auto'): BackendKind {
  if (wanted !== 'auto') return wanted;
  return gpu.adapter.software ? 'cpu' : 'webgpu';
}

/** Threads worth using inside one operator: a small network gains nothing from more. */
export function threadCount(cores: number): number {
  return Math.max(1, Math.min(4, cores));
}

/** A number of threads, for people. */
export const threadWords = (threads: number) =>
  `${threads} ${threads === 1 ? 'thread' : 'threads'}`;

/**
 * Sessions on the shared device. The device goes in as an option of the execution provider: onnxruntime-web
 * ignores its environment-wide setting.
 */
export function webGpuOptions(gpu: Gpu): InferenceSession.SessionOptions {
  return {
    executionProviders: [{ name: 'webgpu', device: gpu.device, preferredLayout: 'NCHW' }],
    logSeverityLevel: 3,
  };
}

/**
 * Sessions on the CPU, beside a software adapter: idle threads that spin would take the cores from the
 * field's shaders.
 */
export const withoutSpinning: InferenceSession.SessionOptions = {
  extra: { session: { intra_op: { allow_spinning: '0' } } },
  logSeverityLevel: 3,
};
