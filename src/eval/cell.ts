import { LimbeckError } from '../errors';
import { Particles } from '../generator/particles';
import type { Retrieval } from '../retrieval/network';
import type { SquareViews } from '../retrieval/views';
import { type MethodId, makeSettings, type PartialSettings } from '../settings';
import type { Engine } from '../train/engine';
import type { FrontBack } from './front_back';
import { gradientVariance, measured, seenOf } from './measure';

/** The pseudo-method whose objects are the prior's own samples, scored as those of the others are. */
export const priorMethod = 'prior';

export type EvaluatedMethod = MethodId | typeof priorMethod;

/** One object of a grid. */
export interface Cell {
  readonly prompt: string;
  /** What the scorer is to find; the prompt unless given. */
  readonly caption?: string;
  readonly method: EvaluatedMethod;
  readonly seed: number;
}

/** What all cells of a grid have in common. */
export interface CellOptions {
  /** Over each method's own; a sample of `prior` takes those of the exemplar. */
  readonly settings: readonly PartialSettings[];
  /** Evaluations of the network for a sample of `prior`; the sampler's own unless given. */
  readonly sampleSteps?: number;
  /** Draws of noise at each of `variancePlaces`; fewer than 2 measure no variance. */
  readonly draws: number;
}

/** Where along a run the variance of its gradient is measured, as shares of its steps. */
const variancePlaces = [0.1, 0.3, 0.5, 0.7, 0.9] as const;

/** What was measured of a cell. A number that could not be measured is null. */
export interface CellResult extends Cell {
  readonly model: string;
  /** Place of the prompt, or of its caption, among `captions`, by the scorer; 0 is the first. */
  readonly rank: number;
  readonly captions: number;
  /** Natural logarithm of the share that the scorer gives it. */
  readonly logShare: number;
  /** Whether the colour that the prompt names is the main one; null where it names none. */
  readonly colour: boolean | null;
  readonly frontBack: Readonly<Record<keyof FrontBack, number | null>>;
  readonly edgeWidth: number | null;
  readonly halfTransparent: number | null;
  readonly colourNoise: number | null;
  readonly saturated: number | null;
  /** Relative variance of ∂L/∂x under fresh noise, along the run. */
  readonly variance: readonly { readonly step: number; readonly value: number }[];
  readonly embedding: readonly number[];
  readonly steps: number;
  /** Processor seconds of the process that made it, and seconds by the clock; without the measuring. */
  readonly seconds: { readonly processor: number; readonly wall: number };
  readonly calls: number;
}

/** A cell's result and what it looks like. */
export interface Evaluated {
  readonly result: CellResult;
  readonly seen: SquareViews;
}

export interface CellParts {
  readonly engine: Engine;
  readonly scorer: Retrieval;
  /** Processor seconds of this process so far. */
  readonly processorSeconds: () => number;
  readonly onStep?: (step: number, steps: number) => void;
}

/** Makes a cell's object and measures it. @throws LimbeckError when it cannot be made. */
export async function evaluateCell(
  parts: CellParts,
  cell: Cell,
  options: CellOptions,
): Promise<Evaluated> {
  const made =
    cell.method === priorMethod
      ? await drawSample(parts, cell, options)
      : await distil(parts, { ...cell, method: cell.method }, options);
  const judged = await measured(parts.scorer, cell, made.seen);
  const { seen, ...told } = made;
  return {
    result: { ...cell, model: parts.engine.manifest.id, ...judged, ...told },
    seen,
  };
}

type Made = Pick<CellResult, 'steps' | 'seconds' | 'calls' | 'variance'> & {
  readonly seen: SquareViews;
};

/** Books processor seconds, seconds and calls. */
class Meter {
  readonly #parts: CellParts;
  readonly #processor: number;
  readonly #wall = performance.now();
  readonly #calls: number;

  private constructor(parts: CellParts, calls: number) {
    this.#parts = parts;
    this.#processor = parts.processorSeconds();
    this.#calls = calls;
  }

  static async start(parts: CellParts): Promise<Meter> {
    return new Meter(parts, await parts.engine.calls());
  }

  async read(): Promise<Pick<CellResult, 'seconds' | 'calls'>> {
    const processor = this.#parts.processorSeconds() - this.#processor;
    const wall = (performance.now() - this.#wall) / 1000;
    return {
      seconds: { processor, wall },
      calls: (await this.#parts.engine.calls()) - this.#calls,
    };
  }
}

async function drawSample(
  parts: CellParts,
  { prompt, seed }: Cell,
  { settings, sampleSteps }: CellOptions,
): Promise<Made> {
  const { engine, onStep } = parts;
  const { exemplar } = makeSettings(...settings, { prompt, seed });
  const { views: count, resolution: size } = engine.manifest;
  const meter = await Meter.start(parts);
  const options = { seed, exemplar, ...(sampleSteps !== undefined && { steps: sampleSteps }) };
  let [views, taken]: [Float32Array, number] = [new Float32Array(), 0];
  for await (const estimate of engine.sample(prompt, options)) {
    onStep?.(estimate.step, estimate.steps);
    views = estimate.views;
    taken = estimate.steps;
  }
  return { seen: { views, count, size }, steps: taken, variance: [], ...(await meter.read()) };
}

async function distil(
  parts: CellParts,
  { prompt, method, seed }: Cell & { readonly method: MethodId },
  { settings: given, draws }: CellOptions,
): Promise<Made> {
  const { engine, onStep } = parts;
  const settings = makeSettings(...given, { prompt, method, seed });
  const run = await engine.createRun(settings);
  try {
    const { generator } = run;
    if (generator instanceof Particles) {
      throw new LimbeckError(
        'One object is measured at a time, and particles are several.',
        'Evaluate with --particles 1.',
      );
    }
    const { steps } = settings;
    const places = draws < 2 ? [] : variancePlaces.map((share) => Math.floor(share * steps));
    const variance: { step: number; value: number }[] = [];
    const measuring = { seconds: 0, calls: 0, wall: 0 };
    const meter = await Meter.start(parts);
    while (!run.finished) {
      if (places.includes(run.step)) {
        const aside = await Meter.start(parts);
        const value = await gradientVariance(run, draws);
        if (value !== undefined) variance.push({ step: run.step, value });
        const { seconds, calls } = await aside.read();
        measuring.seconds += seconds.processor;
        measuring.wall += seconds.wall;
        measuring.calls += calls;
      }
      await run.takeStep();
      onStep?.(run.step, steps);
    }
    const { seconds, calls } = await meter.read();
    return {
      seen: await seenOf(generator, engine.manifest),
      steps,
      variance,
      seconds: {
        processor: seconds.processor - measuring.seconds,
        wall: seconds.wall - measuring.wall,
      },
      calls: calls - measuring.calls,
    };
  } finally {
    run.dispose();
  }
}
