import type { Gpu } from '../gpu/device';
import { type BackendKind, type OrtBackend, threadCount, webGpuOptions } from './backend';

/**
 * onnxruntime-web in a page or a Worker, for either back end: its WebGPU build brings the CPU's kernels as wasm.
 * @param wasmUrl of `onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm`.
 */
export async function openWebBackend(
  gpu: Gpu,
  kind: BackendKind,
  wasmUrl: string,
): Promise<OrtBackend> {
  const ort = await import('onnxruntime-web/webgpu');
  // wasm threads need memory that is shared, which only an isolated page gets.
  const threads = crossOriginIsolated ? threadCount(navigator.hardwareConcurrency) : 1;
  ort.env.wasm.wasmPaths = { wasm: wasmUrl };
  ort.env.wasm.numThreads = threads;
  if (kind === 'webgpu') {
    const description = `onnxruntime-web, WebGPU on ${gpu.adapter.vendor}`;
    return { kind, description, ort, options: webGpuOptions(gpu) };
  }
  const options = { executionProviders: ['wasm'], logSeverityLevel: 3 } as const;
  return { kind, description: `onnxruntime-web, wasm, ${threads} threads`, ort, options };
}
