import { adapterName, type Gpu } from '../gpu/device';
import {
  type BackendKind,
  type OrtBackend,
  threadCount,
  threadWords,
  webGpuOptions,
  withoutSpinning,
} from './backend';

/** URLs of onnxruntime-web's binaries; only the chosen back end's is fetched. */
export interface WasmUrls {
  /** `onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm`. */
  readonly webgpu: string;
  /** `onnxruntime-web/ort-wasm-simd-threaded.wasm`: without asyncify, which makes the CPU's kernels 2.5 times slower. */
  readonly cpu: string;
}

/**
 * onnxruntime-web in a page or a Worker.
 * @param most threads within an operator, on the CPU.
 */
export async function openWebBackend(
  gpu: Gpu,
  kind: BackendKind,
  urls: WasmUrls,
  most = threadCount(navigator.hardwareConcurrency),
): Promise<OrtBackend> {
  const ort = await (kind === 'cpu'
    ? import('onnxruntime-web/wasm')
    : import('onnxruntime-web/webgpu'));
  // wasm threads need memory that is shared, which only an isolated page gets.
  const threads = crossOriginIsolated ? most : 1;
  ort.env.wasm.wasmPaths = { wasm: urls[kind] };
  ort.env.wasm.numThreads = threads;
  const hostOptions = { ...withoutSpinning, executionProviders: ['wasm'] };
  if (kind === 'webgpu') {
    const description = `onnxruntime-web, WebGPU on ${adapterName(gpu.adapter)}`;
    return { kind, description, ort, options: webGpuOptions(gpu), hostOptions };
  }
  const description = `onnxruntime-web, wasm, ${threadWords(threads)}`;
  return { kind, description, ort, options: hostOptions, hostOptions };
}
