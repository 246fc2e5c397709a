import { availableParallelism } from 'node:os';
import { measurePeakRates } from '../bench/peak_rates';
import { peakRateLines, stageLines } from '../bench/report';
import { type Size, sizes } from '../bench/sizes';
import { measureStep, type SizeResult } from '../bench/stages';
import { type Clock, Timer } from '../bench/timer';
import { adapterName } from '../gpu/device';
import { SettingsError } from '../settings';
import type { Parsed } from './flags';
import { machineFlags, say } from './machine';
import { openNodeGpu } from './node_gpu';
import { torchBaseline } from './torch';

const flags = {
  size: { value: 'NAME', text: `${sizes.map(({ name }) => name).join(', ')} (default: all)` },
  clock: {
    value: 'KIND',
    text: 'wall, or processor: time of this process by core, for busy machines (default: wall)',
  },
  torch: { value: 'PYTHON', text: 'a Python with PyTorch: time the same step there, too' },
  adapter: machineFlags.adapter!,
};

const clocks = ['wall', 'processor'] as const;
type ClockKind = (typeof clocks)[number];

/** `bench field`: how near the field's kernels come to what the adapter can do (docs/performance.md). */
export const fieldBench = {
  about: [
    "Measures the adapter's peak rates and each stage of a training step of the field beside its bound.",
  ],
  flags,
  run: async (parsed: Parsed, json: boolean): Promise<void> =>
    measure({
      sizes: chosenSizes(parsed),
      clock: chosenClock(parsed),
      adapter: parsed.get('adapter') ?? '',
      python: parsed.get('torch'),
      json,
    }),
};

interface FieldBenchOptions {
  readonly sizes: readonly Size[];
  readonly clock: ClockKind;
  readonly adapter: string;
  readonly python: string | undefined;
  readonly json: boolean;
}

async function measure(options: FieldBenchOptions): Promise<void> {
  const { clock, json, python } = options;
  const gpu = await openNodeGpu(options.adapter);
  const cores = availableParallelism();
  const timer = new Timer(gpu, { clock: clock === 'wall' ? wall : processorOf(cores) });
  const device = gpu.adapter.software ? 'cpu' : 'cuda';
  const baseline = python ? torchBaseline({ python, device, threads: cores, clock }) : undefined;
  say(`${adapterName(gpu.adapter)}, ${cores} cores; ${timer.source}, ${clock} clock`);
  const print = (lines: readonly string[]) => {
    if (!json) process.stdout.write(`${lines.join('\n')}\n\n`);
  };
  const peakRates = await measurePeakRates(gpu, timer);
  print(peakRateLines(peakRates));
  const results: SizeResult[] = [];
  for (const size of options.sizes) {
    const result = await measureStep(gpu, timer, peakRates, size, baseline);
    results.push(result);
    print(stageLines(result));
  }
  timer.dispose();
  const { adapter } = gpu;
  const record = { adapter, cores, clock, timing: timer.source, peakRates, results };
  if (json) process.stdout.write(`${JSON.stringify(record, null, 1)}\n`);
}

const wall: Clock = () => performance.now() / 1e3;

const processorOf =
  (cores: number): Clock =>
  () => {
    const { user, system } = process.cpuUsage();
    return ((user + system) * 1e-6) / cores;
  };

function chosenSizes(parsed: Parsed): readonly Size[] {
  const name = parsed.get('size');
  const chosen = sizes.filter((size) => name === undefined || size.name === name);
  if (chosen.length > 0) return chosen;
  const known = sizes.map((size) => size.name).join(', ');
  throw new SettingsError(`Unknown size '${name}'.`, `Choose ${known}.`);
}

function chosenClock(parsed: Parsed): ClockKind {
  const name = parsed.get('clock') ?? 'wall';
  const clock = clocks.find((kind) => kind === name);
  if (clock) return clock;
  throw new SettingsError(`Unknown clock '${name}'.`, `Choose ${clocks.join(' or ')}.`);
}
