import type { DenoiserMeasure } from '../bench/denoiser';
import type { AdapterInfo } from '../gpu/device';
import type { BackendKind } from '../runtime/backend';

/** What to run, and where. */
export interface BenchRequest {
  readonly kind: BackendKind;
  /** URL of the prior's folder. */
  readonly model: string;
  /** Of WebAssembly. */
  readonly threads: number;
}

export interface RuntimeMeasure extends DenoiserMeasure {
  /** For people: which onnxruntime, where. */
  readonly runtime: string;
  readonly adapter: AdapterInfo;
}

export type BenchReply = { readonly result: RuntimeMeasure } | { readonly error: string };

/** What this page offers to whoever drives the browser. */
export interface BenchPage {
  /** Runs a denoiser once, in a Worker of its own. @throws Error in the words of the Worker. */
  measure(request: BenchRequest): Promise<RuntimeMeasure>;
}

function measure(request: BenchRequest): Promise<RuntimeMeasure> {
  const worker = new Worker(new URL('./bench_worker.ts', import.meta.url), { type: 'module' });
  return new Promise<RuntimeMeasure>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<BenchReply>) => {
      if ('result' in data) resolve(data.result);
      else reject(new Error(data.error));
    });
    worker.addEventListener('error', ({ message }) => reject(new Error(message)));
    worker.postMessage(request);
  }).finally(() => worker.terminate());
}

Object.assign(window, { measure } satisfies BenchPage);
