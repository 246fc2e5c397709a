import { readFile } from 'node:fs/promises';
import packageJson from '../../package.json';
import { LimbeckError } from '../errors';
import { type Generator, NonFiniteGradientError } from '../generator/generator';
import { encodePng } from '../image/png_node';
import { viewsToImage } from '../image/strip';
import type { StepReport, WatchedStep } from '../protocol/reports';
import type { ShadingMode } from '../render/shading_mode';
import type { Settings } from '../settings';
import type { Engine } from '../train/engine';
import { checkpointSettings, type Run } from '../train/run';

import { bestOf, type FinishedRun, type SeedReward } from './best_of';
import { exemplarFile, exemplarWords, ownFile } from './exemplar_file';
import { readJudge } from './judges';
import { openEngine, say, warnOfSaturations } from './machine';
import { helpText, type Options, parseOptions, resumeFile } from './options';
import { Output } from './output';
import { ProgressLine } from './progress_line';
import { writeWatched } from './watch_folder';

/** Steps between checkpoints on disk. */
const checkpointEvery = 50;

/** Views of the turntable and their side in pixels. */
const turntable = { count: 8, size: 128 };

/** `generate`: distils one object and writes its files. */
export async function generate(args: readonly string[]): Promise<void> {
  const resume = resumeFile(args);
  const checkpoint = resume === undefined ? undefined : await readCheckpointFile(resume);
  const options = parseOptions(args, checkpoint && checkpointSettings(checkpoint));
  if (options.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  await distil(options, checkpoint);
}

async function readCheckpointFile(path: string): Promise<Uint8Array> {
  return readFile(path).catch((error: Error) => {
    throw new LimbeckError(`${path} cannot be read: ${error.message}.`, 'Check --resume.');
  });
}

async function distil(options: Options, checkpoint: Uint8Array | undefined): Promise<void> {
  const output = await Output.open(options.out);
  // Before anything is made: a reward that is missing should cost no run.
  const reward = options.bestOf > 1 ? await readJudge(options.reward) : undefined;
  const engine = await openEngine(options.machine, options.reward);
  const own = await exemplarFile(options.exemplar);
  if (own) await engine.exemplars.add(own);
  if (options.start) engine.exemplars.hold(await ownFile(options.start, '--start'));
  for (const note of engine.notesOn(options.settings.prompt)) say(note);
  const make = (settings: Settings) =>
    makeRun(engine, { ...options, settings }, output, own ? undefined : checkpoint);
  const { best, rewards } = reward
    ? await bestOf(engine, reward, options, make)
    : { best: await make(options.settings), rewards: undefined };

  const { run } = best;
  const record = () => runJson(options, engine, best, rewards);
  await output.write('field.safetensors', await run.checkpoint());
  await output.write('run.json', record());
  const made: string[] = [];
  if (options.settings.generator === 'field') {
    await output.write('turntable.png', await turntablePng(run.generator, options.shading));
    made.push('turntable.png');
  }
  for (const { name, bytes } of await run.files(encodePng)) {
    await output.write(name, bytes);
    made.unshift(name);
  }
  await output.write('run.json', record());
  say(`${made.join(', ')}, field.safetensors and run.json are in ${output.folder}`);
  run.dispose();
  await engine.dispose();
}

/** A run from its first step, or that of a checkpoint, to its last. */
async function makeRun(
  engine: Engine,
  { settings, watch }: Options,
  output: Output,
  checkpoint: Uint8Array | undefined,
): Promise<FinishedRun> {
  const run = await engine.createRun(settings, checkpoint);
  if (checkpoint) run.restore(checkpoint);
  const { record: shown, notes } = run.exemplar;
  if (shown) say(exemplarWords(shown));
  for (const note of notes) say(note);
  const started = performance.now();
  const steps = await train(run, output, watch);
  warnOfSaturations(steps.reduce((sum, { saturations }) => sum + saturations, 0));
  return { run, steps, milliseconds: performance.now() - started };
}

/**
 * Steps until the run is finished, with a checkpoint on disk now and then before its end.
 * @param watchEvery writes what every so many steps saw; 0 for none.
 */
async function train(run: Run, output: Output, watchEvery: number): Promise<StepReport[]> {
  const bar = new ProgressLine(process.stderr, run.settings.steps, run.step);
  const reports: StepReport[] = [];
  while (!run.finished) {
    let seen: WatchedStep | undefined;
    const isWatched = watchEvery > 0 && run.step % watchEvery === 0;
    const watch = (watched: WatchedStep) => {
      seen = watched;
    };
    const report = await run.takeStep(isWatched ? watch : undefined).catch((error: unknown) => {
      throw error instanceof NonFiniteGradientError
        ? new NonFiniteGradientError(
            error.message,
            `${error.remedy} It is field.safetensors in ${output.folder}.`,
          )
        : error;
    });
    reports.push(report);
    if (seen) await writeWatched(output, seen);
    bar.show(run.step, words(report));
    if (run.step % checkpointEvery === 0 && !run.finished) {
      await output.write('field.safetensors', await run.checkpoint());
    }
  }
  return reports;
}

function words(report: StepReport): string {
  switch (report.act) {
    case 'distil': {
      const { timesteps, gradientNorms, fake } = report;
      const loss = fake ? `  ψ ${fake.loss.toFixed(4)}` : '';
      const τ = String(timesteps.dm).padStart(3);
      return `τ ${τ}  |∂x| ${gradientNorms.views.toExponential(1)}${loss}`;
    }
    case 'draw':
      return `τ ${String(report.timestep).padStart(3)}  draws views ${report.group + 1}`;
    case 'fit':
      return `error ${report.loss.toFixed(4)}`;
  }
}

async function turntablePng(generator: Generator, shading: ShadingMode): Promise<Uint8Array> {
  const { views, ...strip } = await generator.picture({ ...turntable, shading });
  return encodePng(viewsToImage(views, strip));
}

/** Settings, versions, adapter and what every step did. */
function runJson(
  options: Options,
  engine: Engine,
  { run, steps, milliseconds }: FinishedRun,
  rewards: readonly SeedReward[] | undefined,
): string {
  const { manifest, gpu } = engine;
  const record = {
    limbeck: packageJson.version,
    model: { name: manifest.name, denoiser: manifest.files.denoiser.sha256 },
    adapter: gpu.adapter,
    denoiser: engine.denoiserDescription,
    node: process.version,
    preset: options.preset,
    settings: run.settings,
    exemplar: run.exemplar.record ?? null,
    ...(rewards && { bestOf: rewards }),
    seconds: milliseconds / 1000,
    steps,
  };
  return `${JSON.stringify(record, null, 1)}\n`;
}
