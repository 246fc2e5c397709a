import code from '../../shaders/bench/peak_rates.wgsl';
import { partialRows } from '../field/mlp';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Shader } from '../gpu/kernel';
import { Readback } from '../gpu/readback';
import { pixelsOf } from '../render/march';
import { type Baseline, type BaselineResult, baselineStep } from './baseline';
import {
  type Bound,
  bound,
  cellRuns,
  occupancyShare,
  type PeakRates,
  type StageName,
  stageCosts,
  stageNames,
  type Workload,
} from './cost_model';
import type { Size } from './sizes';
import { BenchStep } from './step';
import type { Recording, Timer } from './timer';

/** A stage's measured time beside its bound. */
export interface StageResult extends Bound {
  readonly name: StageName | 'step';
  readonly measured: number;
  /** Bound over measured: 1 is as fast as the adapter can. */
  readonly ratio: number;
}

/** The same step by another program. */
export interface Comparison extends BaselineResult {
  /** Its seconds over ours: above 1 we are faster. */
  readonly ratio: number;
}

export interface SizeResult {
  readonly size: Size;
  readonly workload: Workload;
  readonly stages: readonly StageResult[];
  /** All stages but the occupancy update in one pass, and that update's share. */
  readonly step: StageResult;
  readonly baseline?: Comparison;
}

/** Updates of the occupancy grid before anything is timed: cells that the blob leaves empty are culled. */
const warmUp = 3;

/**
 * Times each stage of a training step of `size` and the step as a whole.
 * @param baseline takes the same step, without the update of the occupancy grid.
 */
export async function measureStep(
  gpu: Gpu,
  timer: Timer,
  peakRates: PeakRates,
  size: Size,
  baseline?: Baseline,
): Promise<SizeResult> {
  const step = new BenchStep(gpu, size);
  const readback = new Readback(gpu);
  record(gpu, (pass) => {
    // Every cell is occupied still: `demand` keeps the steps in the ball.
    const { occupancy, renderer } = step.generator;
    renderer.march.forward(pass);
    for (let i = 0; i < warmUp; i++) occupancy.update(pass);
    step.whole(pass);
    // Adam has cleared the gradient: what it was is asked for below.
    renderer.evaluator.forward(pass);
    renderer.evaluator.backward(pass);
  });
  const workload = await workloadOf(step, readback);
  const costs = stageCosts(workload);
  const recordings = stageRecordings(step);
  const stages: StageResult[] = [];
  for (const name of stageNames) {
    const measured =
      name === 'Adam' ? await adamSeconds(gpu, timer, step) : await timer.seconds(recordings[name]);
    stages.push(result(name, bound(costs[name], peakRates), measured));
  }
  const update = stages.find(({ name }) => name === 'occupancy update')!;
  const measured = (await timer.seconds(step.whole)) + occupancyShare * update.measured;
  const share = ({ name }: StageResult) => (name === 'occupancy update' ? occupancyShare : 1);
  const seconds = stages.reduce((sum, stage) => sum + share(stage) * stage.seconds, 0);
  const longest = stages.reduce((a, b) => (share(b) * b.seconds > share(a) * a.seconds ? b : a));
  const whole = result('step', { seconds, limit: longest.limit }, measured);
  const compared = baseline && (await compare(step, whole, readback, baseline));
  readback.dispose();
  step.dispose();
  return { size, workload, stages, step: whole, ...(compared && { baseline: compared }) };
}

const result = (name: StageResult['name'], least: Bound, measured: number): StageResult => ({
  name,
  ...least,
  measured,
  ratio: least.seconds / measured,
});

async function compare(
  step: BenchStep,
  { measured }: StageResult,
  readback: Readback,
  baseline: Baseline,
): Promise<Comparison> {
  const occupancy = await readback.words(step.generator.occupancy.bits);
  const taken = await baseline(baselineStep(step, occupancy));
  return { ...taken, ratio: taken.seconds / measured };
}

function stageRecordings({
  generator: { renderer, occupancy },
  objective,
}: BenchStep): Record<Exclude<StageName, 'Adam'>, Recording> {
  const { march, composite, evaluator } = renderer;
  const { encoder, mlp } = evaluator;
  return {
    march: (pass) => march.forward(pass),
    'grid forward': (pass) => encoder.forward(pass),
    'MLP forward': (pass) => mlp.forward(pass),
    'composite forward': (pass) => composite.forward(pass),
    objective: (pass) => objective.record(pass),
    'composite backward': (pass) => composite.backward(pass),
    'MLP backward': (pass) => mlp.backwardPoints(pass),
    reduce: (pass) => mlp.reduce(pass),
    'grid backward': (pass) => encoder.backward(pass),
    'occupancy update': (pass) => occupancy.update(pass),
  };
}

/** An update clears the gradient: each is given one again, and the time that this takes is taken off. */
async function adamSeconds(gpu: Gpu, timer: Timer, step: BenchStep): Promise<number> {
  const arena = new Arena(gpu, 'bench.adam');
  const shader = new Shader(gpu, 'bench.adam', code);
  const { gradient } = step.generator.field.grid;
  const kept = arena.allocate('gradient', gradient.size / 4);
  const encoder = gpu.device.createCommandEncoder({ label: 'bench.adam' });
  encoder.copyBufferToBuffer(gradient, 0, kept, 0, gradient.size);
  gpu.device.queue.submit([encoder.finish()]);
  const copy = shader.bind('stream', { source: kept, sink: gradient });
  const groups = Math.ceil(gradient.size / 16 / 64);
  const give: Recording = (pass) => copy.record(pass, groups);
  const both = await timer.seconds((pass) => {
    give(pass);
    step.generator.optimiser.update(pass);
  });
  const seconds = both - (await timer.seconds(give));
  arena.dispose();
  return seconds;
}

/** Counts what a step works on: points, runs of points in one cell, parameters with a gradient. */
async function workloadOf(step: BenchStep, readback: Readback): Promise<Workload> {
  const { size, shape } = step;
  const { occupancy, field, renderer } = step.generator;
  const { grid, mlp } = field;
  const { march } = renderer;
  const rays = pixelsOf(shape);
  const [points = 0] = await readback.words(march.points.count, 1);
  const positions = await readback.floats(march.points.positions, 4 * points);
  const rayPoints = await readback.words(march.rayPoints, 2 * rays);
  const starts = new Set(rayPoints.filter((_, i) => i % 2 === 0));
  const tableGradient = await readback.words(grid.gradient, grid.words);
  return {
    rays,
    pixels: rays,
    samplesPerRay: size.samplesPerRay,
    ballSteps: (await readback.words(march.demand, 2))[1]!,
    points,
    levelEntries: grid.levels.map(({ entries }) => entries),
    levelRuns: grid.levels.map(({ resolution }) => cellRuns(positions, starts, resolution)),
    hidden: size.field.hidden,
    partialRows,
    parameters: step.parameters,
    movedParameters: 4 * movedBlocks(tableGradient) + mlp.words,
    cubeCells: size.occupancyResolution ** 3,
    ballCells: occupancy.cells,
  };
}

/** Blocks of four words of which one is not zero. */
function movedBlocks(words: Uint32Array): number {
  let moved = 0;
  for (let i = 0; i < words.length; i += 4) {
    if (words[i] || words[i + 1] || words[i + 2] || words[i + 3]) moved++;
  }
  return moved;
}

function record(gpu: Gpu, work: Recording): void {
  const { device } = gpu;
  const encoder = device.createCommandEncoder({ label: 'bench.stages' });
  const pass = encoder.beginComputePass({ label: 'bench.stages' });
  work(pass);
  pass.end();
  device.queue.submit([encoder.finish()]);
}
