import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import type { Ort } from './session';

/** onnxruntime on the processor, on one thread: the lab's networks are small. */
export async function openOrt(): Promise<Ort> {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.wasmPaths = { wasm };
  ort.env.wasm.numThreads = 1;
  return ort;
}
