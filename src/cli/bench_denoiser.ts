import { readFile } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join, posix } from 'node:path';
import type { BenchPage, RuntimeMeasure } from '../app/bench';
import { measureDenoiser, readReference, tolerance } from '../bench/denoiser';
import type { Gpu } from '../gpu/device';
import { LocalFiles, loadPrior, type Prior } from '../prior/files';
import { type BackendKind, threadCount } from '../runtime/backend';
import { openNodeBackend } from '../runtime/node';
import { Runtime } from '../runtime/runtime';
import { SettingsError } from '../settings';
import { launchChromium, servePage } from './chromium';
import { numberFlag, type Parsed } from './flags';
import { folderOf, machineFlags, say } from './machine';
import { openNodeGpu } from './node_gpu';

const places = {
  node: 'onnxruntime-node, on the CPU',
  dawn: "onnxruntime-web's WebGPU on Node's adapter",
  wasm: "onnxruntime-web's WebAssembly in headless Chromium",
  webgpu: "onnxruntime-web's WebGPU in headless Chromium",
} as const;
type Place = keyof typeof places;
const allPlaces = Object.keys(places) as Place[];

const flags = {
  on: { value: 'NAME', text: `${allPlaces.join(', ')} (default: all)` },
  threads: { value: 'N', text: 'threads on the CPU (default: up to 4)' },
  model: machineFlags.model!,
  adapter: machineFlags.adapter!,
};

/** `bench denoiser`: that every runtime predicts what PyTorch predicts, and how long it takes. */
export const denoiserBench = {
  about: [
    'Runs the denoiser on every runtime there is, on random inputs at five noise levels: how far its predictions are',
    "from PyTorch's (the model's reference.safetensors), and the milliseconds of a call for one group of views:",
    ...allPlaces.map((place) => `  ${place.padEnd(8)} ${places[place]}`),
  ],
  flags,
  run: measure,
};

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const chosen = chosenPlaces(parsed.get('on'));
  const threads = Math.round(
    numberFlag(parsed, 'threads', threadCount(availableParallelism()), 1, 64),
  );
  const folder = folderOf(parsed.get('model') ?? 'default');
  const files = new LocalFiles(folder, readFile);
  const prior = await loadPrior(files);
  const reference = await readReference(files, prior);
  const gpu = await openNodeGpu(parsed.get('adapter') ?? '');
  const print = (lines: readonly string[]) => {
    if (!json) process.stdout.write(`${lines.join('\n')}\n`);
  };
  print(head(prior, reference.levels));
  const results: RuntimeMeasure[] = [];
  const note = (result: RuntimeMeasure) => {
    results.push(result);
    print([row(result)]);
  };
  const here: [Place, BackendKind][] = [
    ['node', 'cpu'],
    ['dawn', 'webgpu'],
  ];
  for (const [place, kind] of here) {
    if (!chosen.includes(place)) continue;
    const runtime = new Runtime(gpu, await openNodeBackend(gpu, kind, threads));
    const measured = await measureDenoiser(runtime, prior, reference);
    note({ ...measured, runtime: runtime.description, adapter: gpu.adapter });
    await runtime.dispose();
  }
  const there: BackendKind[] = [];
  if (chosen.includes('wasm')) there.push('cpu');
  if (chosen.includes('webgpu')) there.push('webgpu');
  if (there.length > 0)
    await measureInPage(gpu, servedFolders(folder, prior), there, threads, note);
  const { id, files: sizes } = prior.manifest;
  const record = { model: id, files: sizes, machine: machine(), tolerance, results };
  if (json) process.stdout.write(`${JSON.stringify(record, null, 1)}\n`);
}

/** A prior's folder as `model`, and beside it those that it shares with other priors. */
function servedFolders(folder: string, { manifest }: Prior): Readonly<Record<string, string>> {
  const within = Object.values(manifest.files).map(({ path }) => posix.dirname(path));
  return Object.fromEntries(
    within.map((inner) => [posix.join('model', inner), join(folder, inner)]),
  );
}

async function measureInPage(
  gpu: Gpu,
  folders: Readonly<Record<string, string>>,
  kinds: readonly BackendKind[],
  threads: number,
  note: (result: RuntimeMeasure) => void,
): Promise<void> {
  say('building the page');
  const server = await servePage('src/app/bench.html', folders);
  const browser = await launchChromium(gpu.adapter.software ? 'software' : 'hardware');
  try {
    const page = await browser.newPage();
    await page.goto(`${server.url}src/app/bench.html`);
    for (const kind of kinds) {
      const request = { kind, threads, model: `${server.url}model` };
      note(await page.evaluate((task) => (window as unknown as BenchPage).measure(task), request));
    }
  } finally {
    await browser.close();
    await server.close();
  }
}

function chosenPlaces(name: string | undefined): readonly Place[] {
  const chosen = allPlaces.filter((place) => name === undefined || name === place);
  if (chosen.length > 0) return chosen;
  throw new SettingsError(`Unknown runtime '${name}'.`, `Choose ${allPlaces.join(', ')}.`);
}

const machine = () => ({ processor: cpus()[0]?.model ?? '', cores: availableParallelism() });

/** What the table is of, and its head. */
function head({ manifest }: Prior, levels: readonly { readonly timestep: number }[]): string[] {
  const sizes = Object.values(manifest.files).map(
    ({ path, bytes }) => `${path} ${(bytes / 1e6).toFixed(1)} MB`,
  );
  const { processor, cores } = machine();
  return [
    `${manifest.name}: ${sizes.join(', ')}`,
    `${cores} cores of ${processor}; largest difference from PyTorch, and its root mean square, both relative`,
    '',
    `| runtime | ms a call, median (best) | ${levels.map(({ timestep }) => `timestep ${timestep}`).join(' | ')} |`,
    `| --- | --- | ${levels.map(() => '---').join(' | ')} |`,
  ];
}

const row = ({ runtime, median, best, differences }: RuntimeMeasure) =>
  `| ${runtime} | ${digits(median)} (${digits(best)}) | ${differences.map(cell).join(' | ')} |`;

const digits = (value: number) => value.toFixed(value < 10 ? 2 : 0);

const cell = ({ max, rms }: { readonly max: number; readonly rms: number }) =>
  `${max.toExponential(1)}, ${rms.toExponential(1)}${max <= tolerance ? '' : ' (too far)'}`;
