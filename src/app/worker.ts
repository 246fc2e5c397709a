import gpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm?url';
import cpuWasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url';
import { inWords } from '../errors';
import type { Command, Report } from '../protocol/messages';
import { holdForLife } from './storage/locks';
import { Studio } from './studio';

/** The engine's thread: everything but the page itself. */
const post = (report: Report, transfer: Transferable[] = []) =>
  self.postMessage(report, { transfer });
const fail = (error: unknown) => post({ type: 'fatal', message: inWords(error) });
const studio = new Studio({ webgpu: gpuWasm, cpu: cpuWasm }, post);

self.addEventListener('message', ({ data }: MessageEvent<Command>) => {
  // The page waits for the lock: it is told so of the end of a thread, which has no event.
  if (data.type === 'open') void holdForLife(data.lock).then(() => post({ type: 'alive' }));
  studio.obey(data).catch(fail);
});
self.addEventListener('unhandledrejection', ({ reason }) => fail(reason));
