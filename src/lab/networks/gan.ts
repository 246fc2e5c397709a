/** A GAN on the plane at work: two networks, trained in onnxruntime by graphs that differentiate themselves. */
import { LimbeckError } from '../../errors';
import { normal, uniform } from '../../random';
import type { PlaneMixture } from '../plane/mixture';
import { sample } from '../plane/mixture_fit';
import { edge } from '../plane/targets';
import {
  batch,
  discriminatorSizes,
  discriminatorStep,
  fieldGraph,
  generatorSizes,
  generatorStep,
  gridSide,
  noiseSize,
  samplingGraph,
} from './gan_graphs';
import type { GanLoss } from './gan_losses';
import { initialise } from './mlp';
import { GraphSession, type Ort } from './session';

const streams = { noise: 121, between: 122, generator: 123, discriminator: 124 };

/** Weights and their moments. */
interface Trained {
  weights: Float32Array;
  m: Float32Array;
  v: Float32Array;
  steps: number;
}

const untrained = (weights: Float32Array): Trained => ({
  weights,
  m: new Float32Array(weights.length),
  v: new Float32Array(weights.length),
  steps: 0,
});

/** What the discriminator says of the plane. */
export interface Field {
  /** Row by row from the top, gridSide of each. */
  readonly value: Float32Array;
  /** Its gradient, x and y of each cell. */
  readonly slope: Float32Array;
}

export interface GanSettings {
  readonly seed: number;
  readonly generatorRate: number;
  readonly discriminatorRate: number;
}

const points = Float32Array.from({ length: 2 * gridSide * gridSide }, (_, i) => {
  const cell = i >> 1;
  const at = (k: number) => edge * ((2 * (k + 0.5)) / gridSide - 1);
  return i % 2 === 0 ? at(cell % gridSide) : -at(Math.floor(cell / gridSide));
});

export class Gan {
  readonly loss: GanLoss;
  /** Losses of the newest step of each player. */
  losses = { discriminator: Number.NaN, generator: Number.NaN };
  readonly #target: PlaneMixture;
  readonly #sessions: readonly GraphSession[];
  #settings: GanSettings;
  #generator: Trained;
  #discriminator: Trained;

  private constructor(
    loss: GanLoss,
    target: PlaneMixture,
    settings: GanSettings,
    sessions: readonly GraphSession[],
  ) {
    this.loss = loss;
    this.#target = target;
    this.#settings = settings;
    this.#sessions = sessions;
    const { seed } = settings;
    this.#generator = untrained(initialise(generatorSizes, seed, streams.generator));
    this.#discriminator = untrained(initialise(discriminatorSizes, seed, streams.discriminator));
  }

  static async create(
    ort: Ort,
    loss: GanLoss,
    target: PlaneMixture,
    settings: GanSettings,
  ): Promise<Gan> {
    const graphs = [samplingGraph(), generatorStep(loss), discriminatorStep(loss), fieldGraph()];
    const sessions: GraphSession[] = [];
    for (const graph of graphs) sessions.push(await GraphSession.create(ort, graph));
    return new Gan(loss, target, settings, sessions);
  }

  /** The same networks from their start, for another target or seed. */
  restarted(target: PlaneMixture, settings: GanSettings): Gan {
    return new Gan(this.loss, target, settings, this.#sessions);
  }

  set settings(settings: GanSettings) {
    this.#settings = settings;
  }

  /** Steps of the generator. */
  get step(): number {
    return this.#generator.steps;
  }

  #noise(step: number): Float32Array {
    const { seed } = this.#settings;
    return Float32Array.from({ length: batch * noiseSize }, (_, k) =>
      normal(seed, streams.noise, step, k),
    );
  }

  /** Samples of the generator for a noise that is the same at every step. */
  async samples(step = 0): Promise<Float32Array> {
    const [sampling] = this.#sessions;
    const feeds = { noise: this.#noise(step), generator: this.#generator.weights };
    return (await sampling!.run(feeds)).samples!;
  }

  async stepGenerator(): Promise<void> {
    const [, session] = this.#sessions;
    const noise = this.#noise(2 * this.#generator.steps + 2);
    const fixed = { noise, discriminator: this.#discriminator.weights };
    const { generatorRate: rate } = this.#settings;
    this.losses.generator = await this.#update(session!, this.#generator, 'generator', fixed, rate);
  }

  async stepDiscriminator(): Promise<void> {
    const [, , session] = this.#sessions;
    const { seed, discriminatorRate: rate } = this.#settings;
    const step = 2 * this.#discriminator.steps + 1;
    const fake = await this.samples(step);
    const real = Float32Array.from(sample(this.#target, batch, seed, step));
    const fixed: Record<string, Float32Array> = { real, fake };
    if (this.loss.penalty !== undefined) {
      fixed.between = real.map((value, i) => {
        const share = uniform(seed, streams.between, step, i >> 1);
        return share * value + (1 - share) * fake[i]!;
      });
      fixed.ones = new Float32Array(batch).fill(1);
    }
    const player = this.#discriminator;
    this.losses.discriminator = await this.#update(session!, player, 'discriminator', fixed, rate);
    const { clip } = this.loss;
    if (clip !== undefined) {
      player.weights = player.weights.map((weight) => Math.min(clip, Math.max(-clip, weight)));
    }
  }

  /** @throws LimbeckError when the loss is no number any more. */
  async #update(
    session: GraphSession,
    player: Trained,
    name: 'generator' | 'discriminator',
    fixed: Readonly<Record<string, Float32Array>>,
    rate: number,
  ): Promise<number> {
    const next = await session.run({
      ...fixed,
      [name]: player.weights,
      m: player.m,
      v: player.v,
      learning_rate: Float32Array.of(rate),
      step: Float32Array.of(player.steps + 1),
    });
    const loss = next.loss![0]!;
    if (!Number.isFinite(loss)) {
      throw new LimbeckError(
        `${this.loss.title}: the ${name}'s loss is ${loss} at step ${player.steps}.`,
        'Make its rate smaller, and reset.',
      );
    }
    player.weights = next['next/parameters']!;
    player.m = next['next/m']!;
    player.v = next['next/v']!;
    player.steps++;
    return loss;
  }

  async field(): Promise<Field> {
    const session = this.#sessions[3]!;
    const ones = new Float32Array(gridSide * gridSide).fill(1);
    const results = await session.run({ points, ones, discriminator: this.#discriminator.weights });
    return { value: results.value!, slope: results['gradient/points']! };
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions) await session.dispose();
  }
}
