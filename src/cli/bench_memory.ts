import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Gpu } from '../gpu/device';
import { makeSettings, methodIds, methodOf, presetOf, presets } from '../settings';
import type { Run } from '../train/run';
import { numberFlag, type Parsed } from './flags';
import { machineFlags, openEngine, parseMachine, say } from './machine';

const flags = {
  steps: { value: 'N', text: 'steps of the run (default: 2000)' },
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  method: { value: 'NAME', text: `${methodIds.join(' or ')} (default: sds)` },
  ...machineFlags,
};

/** Shares of a run at whose end memory is looked at. By the first, all that a run keeps is there. */
const marks = [0.1, 0.25, 0.5, 0.75, 1];

/** What is held after a step: bytes, but for the number of buffers. */
export interface Held {
  readonly step: number;
  /** The project's own on the GPU; those of onnxruntime are in `process` where it runs on the CPU. */
  readonly buffers: number;
  readonly gpu: number;
  /** JavaScript's objects after a garbage collection, and what their arrays hold. */
  readonly heap: number;
  readonly arrays: number;
  /** All of the process that is in memory (resident set size). */
  readonly process: number;
}

/** `bench memory`: whether a run ends with as much memory as it began with. */
export const memoryBench = {
  about: [
    'Takes the steps of a run and says what is held after a tenth of them, and how much more at their end:',
    "the project's buffers on the GPU, JavaScript's heap after a garbage collection, the process.",
  ],
  flags,
  run: measure,
};

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const steps = Math.round(numberFlag(parsed, 'steps', 2000, 2, 1e6));
  const method = methodOf(parsed.get('method') ?? 'sds').id;
  const preset = presetOf(parsed.get('preset') ?? 'default');
  const settings = makeSettings(preset, { prompt: 'a chair', method, steps });
  const engine = await openEngine(parseMachine(parsed));
  const run = await engine.createRun(settings);
  const print = (line: string) => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  print('| step | GPU buffers | GPU, MB | JS heap, MB | JS arrays, MB | process, MB |');
  print('| --- | --- | --- | --- | --- | --- |');
  const held: Held[] = [];
  for await (const mark of heldByRun(engine.gpu, run)) {
    held.push(mark);
    print(row(String(mark.step), mark));
  }
  const growth = growthOf(held);
  print(row('growth', growth));
  if (json) process.stdout.write(`${JSON.stringify({ settings, held, growth }, null, 1)}\n`);
  await run.dispose();
  await engine.dispose();
  const { count } = engine.gpu.buffers;
  if (count > 0) say(`${count} buffers were left after the run`);
}

/** Takes a run to its end; yields what is held at each mark. */
export async function* heldByRun(gpu: Gpu, run: Run): AsyncGenerator<Held, void> {
  const { steps } = run.settings;
  const ends = new Set(marks.map((share) => Math.ceil(share * steps)));
  const collect = garbageCollector();
  while (!run.finished) {
    await run.takeStep();
    if (!ends.has(run.step)) continue;
    await gpu.device.queue.onSubmittedWorkDone();
    await collect();
    const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
    const { count, bytes } = gpu.buffers;
    const js = { heap: heapUsed, arrays: arrayBuffers };
    yield { step: run.step, buffers: count, gpu: bytes, ...js, process: rss };
  }
}

/** How much more is held at the last mark than at the first. */
export function growthOf(held: readonly Held[]): Held {
  const [first, last] = [held[0]!, held.at(-1)!];
  const keys = Object.keys(first) as (keyof Held)[];
  return Object.fromEntries(keys.map((key) => [key, last[key] - first[key]])) as unknown as Held;
}

/** Node hides its collector unless it is started with a flag; the flag takes effect in a new context. */
function garbageCollector(): () => Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  return async () => {
    // What a first pass finalises, a second frees.
    for (let pass = 0; pass < 2; pass++) {
      collect();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

const megabytes = (bytes: number) => (bytes / 1e6).toFixed(2);

const row = (name: string, { buffers, gpu, heap, arrays, process }: Held) =>
  `| ${[name, buffers, ...[gpu, heap, arrays, process].map(megabytes)].join(' | ')} |`;
