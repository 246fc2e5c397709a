import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { measureDenoiser, readReference } from '../bench/denoiser';
import { inWords } from '../errors';
import { openGpu } from '../gpu/device';
import { FetchedFiles } from '../prior/fetched_files';
import { loadPrior } from '../prior/files';
import { Runtime } from '../runtime/runtime';
import { openWebBackend } from '../runtime/web';
import type { BenchReply, BenchRequest, RuntimeMeasure } from './bench';

/** Measures a denoiser in a thread like the one that the page's engine has. */
async function measure({ kind, model, threads }: BenchRequest): Promise<RuntimeMeasure> {
  const gpu = await openGpu(navigator.gpu, 'Open this page in a browser that has one.');
  const runtime = new Runtime(
    gpu,
    await openWebBackend(gpu, kind, { webgpu: gpuWasm, cpu: cpuWasm }, threads),
  );
  const files = new FetchedFiles(model);
  const prior = await loadPrior(files);
  const measured = await measureDenoiser(runtime, prior, await readReference(files, prior));
  return { ...measured, runtime: runtime.description, adapter: gpu.adapter };
}

const reply = (message: BenchReply) => self.postMessage(message);

self.addEventListener('message', ({ data }: MessageEvent<BenchRequest>) => {
  measure(data).then(
    (result) => reply({ result }),
    (error: unknown) => reply({ error: inWords(error) }),
  );
});
