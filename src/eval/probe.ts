import { LimbeckError } from '../errors';
import { makeSettings, type PartialSettings } from '../settings';
import type { Engine, EngineRun } from '../train/engine';
import { equation } from './claims';
import { meanSquare, relativeVariance, totalVariance } from './spread';

/** What is looked at. */
export interface ProbeOptions {
  readonly prompt: string;
  readonly seed: number;
  /** Over VSD's own. */
  readonly settings: readonly PartialSettings[];
  /** Draws of noise, at least 2. */
  readonly draws: number;
}

/** The gradient at one θ and one noise level, over fresh noise. */
export interface ProbeRecord {
  readonly prompt: string;
  readonly seed: number;
  /** Steps that VSD had taken. */
  readonly step: number;
  /** τ as a share of the timesteps. */
  readonly level: number;
  /** Root mean squares relative to ε_φ(y) − ε_φ(∅). */
  readonly matching: { readonly sds: number; readonly vsd: number };
  readonly variance: readonly ProbeVariance[];
  /** Share of the guidance term's energy in means over an eighth of a view's side; of white noise it is `white`. */
  readonly coarse: number;
  readonly white: number;
}

export interface ProbeVariance {
  readonly scale: number;
  /** E|g − E g|² of VSD over that of SDS, same views, same noise. */
  readonly ratio: number;
  /** E|g − E g|² / E|g|² of each. */
  readonly relative: { readonly sds: number; readonly vsd: number };
}

/** Where along a run θ is looked at, as shares of its steps. */
const places = [0.5, 1] as const;

/** In the order in which a range of τ can follow another without crossing it. */
const levels = [0.9, 0.7, 0.5, 0.3, 0.1] as const;

const scales = [1, 7.5, 100] as const;

/** Blocks along a view's side. */
const blocks = 8;

/** Takes the steps of VSD, and compares along the way its gradient with what SDS would have at the same θ. */
export async function probe(engine: Engine, options: ProbeOptions): Promise<ProbeRecord[]> {
  const { prompt, seed, settings: given } = options;
  const settings = makeSettings(...given, equation, { prompt, seed, method: 'vsd' });
  const run = await engine.createRun(settings);
  const records: ProbeRecord[] = [];
  for (const place of places) {
    while (run.step < place * settings.steps) await run.takeStep();
    const checkpoint = await run.checkpoint();
    const look = async (baseline: 'noise' | 'fake', weights: TermWeights) => {
      const one = await engine.createRun(makeSettings(settings, { guidance: { baseline } }));
      one.restore(checkpoint);
      const gradients = await gradientsAt(one, weights, options.draws);
      one.dispose();
      return gradients;
    };
    const sds = await look('noise', { lambdaDm: 1, scale: 1 });
    const vsd = await look('fake', { lambdaDm: 1, scale: 1 });
    const guidance = await look('noise', { scale: 2, lambdaDm: 0 });
    const shape = { side: engine.manifest.resolution, blocks };
    levels.forEach((level, i) => {
      const terms = { sds: sds[i]!, vsd: vsd[i]!, guidance: guidance[i]! };
      records.push({ prompt, seed, step: run.step, level, ...compared(terms, shape) });
    });
  }
  run.dispose();
  return records;
}

/** What the terms of a gradient count, in an order in which they are never both nothing. */
type TermWeights = { readonly lambdaDm: number; readonly scale: number };

/** Gradients on the views at each of `levels`, under as many draws of noise. @throws LimbeckError when looking would change θ. */
async function gradientsAt(
  run: EngineRun,
  weights: TermWeights,
  draws: number,
): Promise<Float32Array[][]> {
  for (const [name, value] of Object.entries(weights)) run.adjust(`guidance.${name}`, value);
  const all: Float32Array[][] = [];
  for (const level of levels) {
    run.adjust('guidance.minTimestep', level);
    run.adjust('guidance.maxTimestep', level);
    const gradients: Float32Array[] = [];
    for (let draw = 0; draw < draws; draw++) {
      const gradient = await run.gradientUnder(draw);
      if (!gradient) {
        throw new LimbeckError(
          'The occupancy grid changes at every step: θ cannot be looked at twice.',
          'Set --render.occupancyEvery above 1.',
        );
      }
      gradients.push(gradient);
    }
    all.push(gradients);
  }
  return all;
}

/** Of one θ and one level, a draw of noise each: matching of both, and guidance at s − 1 = 1. */
type Terms = Readonly<Record<'sds' | 'vsd' | 'guidance', readonly Float32Array[]>>;

interface PlaneShape {
  readonly side: number;
  readonly blocks: number;
}

function compared({ sds, vsd, guidance }: Terms, shape: PlaneShape) {
  const unit = Math.sqrt(meanSquare(guidance));
  const guided = (matching: readonly Float32Array[], scale: number) =>
    matching.map((term, draw) => term.map((x, e) => x + (scale - 1) * guidance[draw]![e]!));
  return {
    matching: { sds: Math.sqrt(meanSquare(sds)) / unit, vsd: Math.sqrt(meanSquare(vsd)) / unit },
    variance: scales.map((scale): ProbeVariance => {
      const [a, b] = [guided(sds, scale), guided(vsd, scale)];
      return {
        scale,
        ratio: totalVariance(b) / totalVariance(a),
        relative: { sds: relativeVariance(a), vsd: relativeVariance(b) },
      };
    }),
    coarse: coarseShare(guidance, shape),
    white: Math.min(1, shape.blocks / shape.side) ** 2,
  };
}

/**
 * Share of the energy of planes of side x side pixels that is in the means over their blocks.
 * @param gradients each of any number of planes.
 */
export function coarseShare(
  gradients: readonly Float32Array[],
  { side, blocks }: PlaneShape,
): number {
  const along = (pixel: number) => Math.floor((pixel * blocks) / side);
  let [coarse, all] = [0, 0];
  for (const gradient of gradients) {
    const blocksOf = new Map<number, { sum: number; count: number }>();
    for (const [i, value] of gradient.entries()) {
      const [row, x] = [Math.floor(i / side), i % side];
      const plane = Math.floor(row / side);
      const at = (plane * blocks + along(row % side)) * blocks + along(x);
      const block = blocksOf.get(at) ?? { sum: 0, count: 0 };
      block.sum += value;
      block.count++;
      blocksOf.set(at, block);
      all += value * value;
    }
    for (const { sum, count } of blocksOf.values()) coarse += sum ** 2 / count;
  }
  return coarse / all;
}
