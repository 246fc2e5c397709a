import code from '../../shaders/bench/peak_rates.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Resources, Shader } from '../gpu/kernel';
import type { PeakRates, RateBySize } from './cost_model';
import type { Recording, Timer } from './timer';

const lanes = 64;
/** Bytes that `stream` and `total` read. */
const streamBytes = [2 ** 17, 2 ** 21, 2 ** 25];
/** Of the kernel `total`. */
const readsPerWrite = 8;
/** Entries of the tables that are read and added to. */
const tableEntries = [2 ** 10, 2 ** 13, 2 ** 16, 2 ** 19];

/**
 * Threads of the kernels that loop, and how many times the fewest iterations each does: quick on one
 * core, enough to fill a GPU for longer than a dispatch takes.
 */
const effort = {
  software: { threads: 2 ** 14, times: 1 },
  hardware: { threads: 2 ** 18, times: 8 },
};

/** Bytes of an entry that is read, and of one that is added to. */
const entryBytes = { gather: 4, scatter_add: 8 } as const;

/** Work of one iteration of a thread, as the kernels of shaders/bench/peak_rates.wgsl do it. */
const perIteration = { multiply_add: 256, exponential: 4, gather: 16, scatter_add: 32 } as const;

/** Measures what the adapter can do at best. Takes seconds. */
export async function measurePeakRates(gpu: Gpu, timer: Timer): Promise<PeakRates> {
  const arena = new Arena(gpu, 'bench.peak_rates');
  const words = Math.max(...streamBytes) / 4;
  const source = arena.upload('source', new Float32Array(words).fill(0.999));
  const sink = arena.allocate('sink', words);
  const counter = arena.allocate('counter', 1);

  /** Operations per second of a kernel in which each thread loops. */
  const rate = async (
    entryPoint: keyof typeof perIteration,
    fewest: number,
    resources: Resources,
    mask = 0,
  ) => {
    const { threads, times } = gpu.adapter.software ? effort.software : effort.hardware;
    const iterations = fewest * times;
    const shader = new Shader(gpu, 'bench.peak_rates', code, { iterations, mask });
    const kernel = shader.bind(entryPoint, resources);
    const seconds = await timer.seconds((pass) => kernel.record(pass, threads / lanes));
    return (threads * iterations * perIteration[entryPoint]) / seconds;
  };

  const shader = new Shader(gpu, 'bench.peak_rates', code, { iterations: 0, mask: 0 });
  const bandwidth: RateBySize = [];
  for (const size of streamBytes) {
    const part = (buffer: GPUBuffer) => ({ buffer, size });
    const parts = { source: part(source), sink: part(sink) };
    const groups = size / 16 / lanes;
    const copy = shader.bind('stream', parts);
    const copied = (2 * size) / (await timer.seconds((pass) => copy.record(pass, groups)));
    const sum = shader.bind('total', parts);
    const summed =
      (size + size / readsPerWrite) /
      (await timer.seconds((pass) => sum.record(pass, groups / readsPerWrite)));
    bandwidth.push({ bytes: 2 * size, rate: Math.max(copied, summed) });
  }

  const bySize = async (entryPoint: 'gather' | 'scatter_add') => {
    const rates: RateBySize = [];
    for (const entries of tableEntries) {
      const resources = { table: source, sink, sums: source };
      const bytes = entryBytes[entryPoint] * entries;
      rates.push({ bytes, rate: await rate(entryPoint, 4, resources, entries - 1) });
    }
    return rates;
  };

  const step = shader.bind('step', { counter });
  const chain: Recording = (pass) => step.record(pass, 1);
  const peakRates: PeakRates = {
    operations: await rate('multiply_add', 32, { source, sink }),
    exponentials: await rate('exponential', 64, { sink }),
    bandwidth,
    gathers: await bySize('gather'),
    atomics: await bySize('scatter_add'),
    dispatch: await timer.seconds(chain),
  };
  arena.dispose();
  return peakRates;
}
