import { availableParallelism } from 'node:os';
import { adapterName, type Gpu } from '../gpu/device';
import {
  type BackendKind,
  type OrtBackend,
  threadCount,
  threadWords,
  webGpuOptions,
  withoutSpinning,
} from './backend';

/**
 * onnxruntime in Node: its native CPU build, or onnxruntime-web's WebGPU build on a device of Dawn.
 * @param threads within an operator, on the CPU.
 */
export async function openNodeBackend(
  gpu: Gpu,
  kind: BackendKind,
  threads = threadCount(availableParallelism()),
): Promise<OrtBackend> {
  return kind === 'cpu' ? openCpu(threads) : openWebGpu(gpu);
}

async function openCpu(threads: number): Promise<OrtBackend> {
  const native = await import('onnxruntime-node').catch(() => undefined);
  // npm leaves it out where its install script, which asks the network for CUDA, fails; some systems cannot load it.
  if (!native) return openWasm(threads);
  const { default: ort } = native;
  const options = { ...withoutSpinning, executionProviders: ['cpu'], intraOpNumThreads: threads };
  const description = `onnxruntime-node, CPU, ${threadWords(threads)}`;
  return { kind: 'cpu', description, ort, options, hostOptions: options };
}

/** onnxruntime-web's CPU build: slower, and there on every system. */
async function openWasm(threads: number): Promise<OrtBackend> {
  const ort = await import('onnxruntime-web/wasm');
  ort.env.wasm.numThreads = threads;
  const options = { ...withoutSpinning, executionProviders: ['wasm'] };
  const description = `onnxruntime-web, wasm, ${threadWords(threads)} (onnxruntime-node, which is quicker, is not installed)`;
  return { kind: 'cpu', description, ort, options, hostOptions: options };
}

async function openWebGpu(gpu: Gpu): Promise<OrtBackend> {
  copyOutOfSharedMemory(gpu.device.queue);
  announceWebGpu(gpu.device);
  const ort = await import('onnxruntime-web/webgpu');
  ort.env.wasm.numThreads = 1;
  return {
    kind: 'webgpu',
    description: `onnxruntime-web, WebGPU on ${adapterName(gpu.adapter)}`,
    ort,
    options: webGpuOptions(gpu),
    hostOptions: { ...withoutSpinning, executionProviders: ['wasm'] },
  };
}

/**
 * onnxruntime-web refuses to start where `navigator.gpu` offers no adapter, though it is given its device: offer one
 * where nothing does (Node 20 has no `navigator`, later ones have one without `gpu`).
 */
function announceWebGpu(device: GPUDevice): void {
  const present = globalThis.navigator as Navigator | undefined;
  if (present?.gpu) return;
  const { userAgent = 'Node.js', hardwareConcurrency = availableParallelism() } = present ?? {};
  const gpu = { requestAdapter: async () => ({ requestDevice: async () => device }) };
  Object.defineProperty(globalThis, 'navigator', {
    value: { userAgent, hardwareConcurrency, gpu },
    configurable: true,
  });
}

/** Dawn's binding for Node refuses shared memory, and all of onnxruntime-web's memory is shared. */
function copyOutOfSharedMemory(queue: GPUQueue): void {
  const writeBuffer = queue.writeBuffer.bind(queue);
  const copying = (
    buffer: GPUBuffer,
    bufferOffset: number,
    data: GPUAllowSharedBufferSource,
    dataOffset = 0,
    size?: number,
  ): undefined => {
    // Offset and size count elements of a typed array, and bytes of anything else.
    const unit = 'BYTES_PER_ELEMENT' in data ? (data.BYTES_PER_ELEMENT as number) : 1;
    const first = dataOffset * unit;
    const bytes = size === undefined ? data.byteLength - first : size * unit;
    const [memory, start] = ArrayBuffer.isView(data) ? [data.buffer, data.byteOffset] : [data, 0];
    // A typed array of a typed array is a copy, in memory of its own.
    const copy = new Uint8Array(new Uint8Array(memory, start + first, bytes));
    writeBuffer(buffer, bufferOffset, copy);
  };
  queue.writeBuffer = copying;
}
