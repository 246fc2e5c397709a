import code from '../../shaders/bench/peak_rates.wgsl';
import { partialRows } from '../field/mlp';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Shader } from '../gpu/kernel';
import { Readback } from '../gpu/readback';
import { pixelsOf } from '../render/march';
import { type Rival, type RivalResult, rivalStep } from './baseline';
import {
  type Bound,
  bound,
  type Ceilings,
  cellRuns,
  occupancyShare,
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
export interface Comparison extends RivalResult {
  /** Its seconds over ours: above 1 we are faster. */
  readonly ratio: number;
}

export interface SizeResult {
  readonly size: Size;
  readonly workload: Workload;
  readonly stages: readonly StageResult[];
  /** All stages but the occupancy update in one pass, and that update's share. */
  readonly step: StageResult;
  readonly rival?: Comparison;
}

/** Updates of the occupancy grid before anything is timed: cells that the blob leaves empty are culled. */
const warmUp = 3;

/**
 * Times each stage of a training step of `size` and the step as a whole.
 * @param rival takes the same step, without the update of the occupancy grid.
 */
export async function measureStep(
  gpu: Gpu,
  timer: Timer,
  ceilings: Ceilings,
  size: Size,
  rival?: Rival,
): Promise<SizeResult> {
  const step = new BenchStep(gpu, size);
  const readback = new Readback(gpu);
  record(gpu, (pass) => {
    // Every cell is occupied still: `demand` keeps the steps in the ball.
    step.march.forward(pass);
    for (let i = 0; i < warmUp; i++) step.occupancy.update(pass);
    step.whole(pass);
    // Adam has cleared the gradient: what it was is asked for below.
    step.encoder.forward(pass);
    step.perceptron.forward(pass);
    step.perceptron.backward(pass);
    step.encoder.backward(pass);
  });
  const workload = await workloadOf(step, readback);
  const costs = stageCosts(workload);
  const recordings = stageRecordings(step);
  const stages: StageResult[] = [];
  for (const name of stageNames) {
    const measured =
      name === 'Adam' ? await adamSeconds(gpu, timer, step) : await timer.seconds(recordings[name]);
    stages.push(result(name, bound(costs[name], ceilings), measured));
  }
  const update = stages.find(({ name }) => name === 'occupancy update')!;
  const measured = (await timer.seconds(step.whole)) + occupancyShare * update.measured;
  const share = ({ name }: StageResult) => (name === 'occupancy update' ? occupancyShare : 1);
  const seconds = stages.reduce((sum, stage) => sum + share(stage) * stage.seconds, 0);
  const longest = stages.reduce((a, b) => (share(b) * b.seconds > share(a) * a.seconds ? b : a));
  const whole = result('step', { seconds, limit: longest.limit }, measured);
  const compared = rival && (await compare(step, whole, readback, rival));
  readback.dispose();
  step.dispose();
  return { size, workload, stages, step: whole, ...(compared && { rival: compared }) };
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
  rival: Rival,
): Promise<Comparison> {
  const occupancy = await readback.words(step.occupancy.bits);
  const taken = await rival(rivalStep(step, occupancy));
  return { ...taken, ratio: taken.seconds / measured };
}

const stageRecordings = (step: BenchStep): Record<Exclude<StageName, 'Adam'>, Recording> => ({
  march: (pass) => step.march.forward(pass),
  'grid forward': (pass) => step.encoder.forward(pass),
  'MLP forward': (pass) => step.perceptron.forward(pass),
  'composite forward': (pass) => step.composite.forward(pass),
  objective: (pass) => step.objective.record(pass),
  'composite backward': (pass) => step.composite.backward(pass),
  'MLP backward': (pass) => step.perceptron.backwardPoints(pass),
  reduce: (pass) => step.perceptron.reduce(pass),
  'grid backward': (pass) => step.encoder.backward(pass),
  'occupancy update': (pass) => step.occupancy.update(pass),
});

/** An update clears the gradient: each is given one again, and the time that this takes is taken off. */
async function adamSeconds(gpu: Gpu, timer: Timer, step: BenchStep): Promise<number> {
  const arena = new Arena(gpu, 'bench.adam');
  const shader = new Shader(gpu, 'bench.adam', code);
  const { gradient } = step.grid;
  const kept = arena.allocate('gradient', gradient.size / 4);
  const encoder = gpu.device.createCommandEncoder({ label: 'bench.adam' });
  encoder.copyBufferToBuffer(gradient, 0, kept, 0, gradient.size);
  gpu.device.queue.submit([encoder.finish()]);
  const copy = shader.bind('stream', { source: kept, sink: gradient });
  const groups = Math.ceil(gradient.size / 16 / 64);
  const give: Recording = (pass) => copy.record(pass, groups);
  const both = await timer.seconds((pass) => {
    give(pass);
    step.adam.update(pass);
  });
  const seconds = both - (await timer.seconds(give));
  arena.dispose();
  return seconds;
}

/** Counts what a step works on: points, runs of points in one cell, parameters with a gradient. */
async function workloadOf(step: BenchStep, readback: Readback): Promise<Workload> {
  const { size, shape, march, grid, mlp, occupancy } = step;
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
