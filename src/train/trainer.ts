import { checkFinite, type Generator, NonFiniteGradientError } from '../generator/generator';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { Snapshot } from '../gpu/snapshot';
import { Submission } from '../gpu/submission';
import { type FakeStep, FakeUpdates } from '../guidance/fake_updates';
import { Moments } from '../guidance/moments';
import type { GuidanceShape } from '../guidance/noise';
import { Objective } from '../guidance/objective';
import {
  type FrozenScore,
  type NoiseSource,
  Queries,
  questionsOf,
  type Texts,
  type TrainedScore,
} from '../guidance/queries';
import { type Reward, RewardTerm } from '../guidance/reward';
import { noiseSourceOf } from '../guidance/sources';
import { type Manifest, seenOf } from '../prior/manifest';
import { NoiseSchedule } from '../prior/noise_schedule';
import type { Space } from '../prior/space/space';
import type { DistilReport, Watch } from '../protocol/reports';
import type { Settings } from '../settings';
import { type Draw, Plan, placeOf } from './plan';
import { StepClock } from './step_clock';
import type { StepTaker } from './step_taker';
import { Microscope } from './watch';

/** The parts that one step moves; whoever made them disposes of them, but for the space, which is the trainer's. */
export interface TrainerParts {
  readonly gpu: Gpu;
  readonly manifest: Manifest;
  readonly settings: Settings;
  /** x = g(θ), of the manifest's views and resolution. */
  readonly generator: Generator;
  /** What the models see of the generator's views. */
  readonly space: Space;
  /** ε_φ, frozen; runs of one engine take turns with it. */
  readonly denoiser: FrozenScore;
  /** ε_ψ, this run's own; absent where the baseline does not ask it. */
  readonly fake?: TrainedScore;
  readonly texts: Texts;
  /** ε_φ for two questions; absent where no noise is found by inversion. */
  readonly pair?: FrozenScore;
  /** What is climbed beside the scores; absent where no step gives it weight. */
  readonly reward?: Reward;
}

/** Noise is drawn by the step, of which there are fewer than this. */
const firstUnusedNoise = 2 ** 31;

/** One run of score distillation, step by step (docs/method.md, "A step"). */
export class Trainer implements StepTaker {
  readonly #gpu: Gpu;
  readonly #generator: Generator;
  readonly #manifest: Manifest;
  #plan: Plan;
  readonly #space: Space;
  readonly #source: NoiseSource | undefined;
  readonly #queries: Queries;
  readonly #objective: Objective;
  readonly #moments: Moments;
  readonly #reward: RewardTerm | undefined;
  readonly #fake: FakeUpdates | undefined;
  readonly #microscope: Microscope;
  readonly #readback: Readback;
  readonly #elements: number;
  #step = 0;

  constructor(parts: TrainerParts) {
    const { gpu, manifest, settings, generator, denoiser, fake, texts, pair, reward } = parts;
    const { channels, side } = seenOf(manifest);
    const pixels = manifest.views * side ** 2;
    const shape: GuidanceShape = {
      views: manifest.views,
      elements: pixels * channels,
      pixels,
      timesteps: manifest.timesteps,
      prediction: manifest.prediction,
      ...(manifest.latent && { latent: true }),
    };
    this.#gpu = gpu;
    this.#elements = shape.elements;
    this.#generator = generator;
    this.#manifest = manifest;
    this.#plan = new Plan(settings, manifest);
    this.#space = parts.space;
    const { input, inputGradient } = this.#space;
    this.#source = noiseSourceOf(gpu, shape, {
      ...{ guidance: settings.guidance, input, depth: generator.depth, pair, texts },
      schedule: new NoiseSchedule(manifest.alpha_bar),
    });
    this.#queries = new Queries(gpu, shape, {
      questions: questionsOf(settings.guidance),
      input,
      denoiser,
      texts,
      ...(fake && { fake }),
      source: this.#source,
    });
    this.#objective = new Objective(gpu, shape, this.#queries, this.#space);
    this.#moments = new Moments(gpu, shape, this.#space);
    const { views, viewGradients } = generator;
    const words = 4 * manifest.views * manifest.resolution ** 2;
    const buffers = { views, viewGradients, norms: this.#objective.norms, words };
    this.#reward = reward && new RewardTerm(gpu, reward, buffers);
    this.#fake = fake && new FakeUpdates(gpu, shape, { fake, input, texts });
    this.#readback = new Readback(gpu);
    const seen = { input, inputGradient, answers: this.#queries, terms: this.#objective.terms };
    this.#microscope = new Microscope(manifest, this.#readback, seen);
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  /** All that a step depends on is the generator's and ψ's. */
  snapshot(): Snapshot {
    return {};
  }

  change(settings: Settings): void {
    this.#plan = new Plan(settings, this.#manifest);
  }

  resumeAt(step: number): void {
    this.#step = step;
  }

  /**
   * Takes one step.
   * @param watch is told what the step saw.
   * @throws NonFiniteGradientError when a gradient is not finite.
   */
  async takeStep(watch?: Watch): Promise<DistilReport> {
    const draw = this.#plan.at(this.#step);
    const clock = new StepClock(this.#gpu);
    const work = new Submission(this.#gpu, 'trainer.step');

    this.#generator.forward(work, draw);
    await this.#space.forward(work, draw);
    await this.#queries.noise(work, draw);
    work.submit();
    await clock.lap('generator');

    await this.#queries.ask(draw);
    await this.#reward?.ask(draw);
    await clock.lap('denoiser');

    this.#objective.gradient(work, draw);
    this.#moments.gradient(work, draw);
    this.#objective.measure(work);
    await this.#space.backward(work);
    this.#reward?.gradient(work);
    this.#generator.backward(work);
    this.#generator.step(work, draw);
    work.submit();
    if (watch) watch(await this.#microscope.look(draw));
    const moved = await this.#moved(draw);
    await clock.lap('generator');

    const fake = (await this.#fake?.step(draw)) ?? null;
    if (fake) checkFake(fake, draw.step);
    await clock.lap('denoiser');
    this.#step = draw.step + 1;
    const reward = this.#reward?.value ?? undefined;
    return {
      ...drawn(draw),
      ...moved,
      fake,
      ...(reward !== undefined && { reward }),
      calls: this.#queries.calls,
      milliseconds: clock.total(),
    };
  }

  /**
   * ∂L/∂x of what the models see, f32 [V, C, H, W], at the present θ, cameras and levels, under noise of which no step
   * makes use. Changes nothing that the next step depends on; undefined where every step changes the occupancy grid.
   * @param noise counts the draws.
   */
  async gradientUnder(noise: number): Promise<Float32Array | undefined> {
    const draw = { ...this.#plan.at(this.#step), noiseStep: firstUnusedNoise + noise };
    const { occupancyEvery } = draw.now.render;
    if (occupancyEvery === 1) return undefined;
    // A step that brings the occupancy grid up to date would change it: the next one's jitter does as well.
    const step = draw.step % occupancyEvery === 0 ? draw.step + 1 : draw.step;
    const work = new Submission(this.#gpu, 'trainer.gradientUnder');
    this.#generator.forward(work, { ...draw, step });
    await this.#space.forward(work, draw);
    await this.#queries.noise(work, draw);
    work.submit();
    await this.#queries.ask(draw);
    this.#objective.gradient(work, draw);
    this.#moments.gradient(work, draw);
    work.submit();
    return this.#readback.floats(this.#space.inputGradient, this.#elements);
  }

  dispose(): void {
    this.#source?.dispose();
    this.#queries.dispose();
    this.#objective.dispose();
    this.#moments.dispose();
    this.#reward?.dispose();
    this.#fake?.dispose();
    this.#space.dispose();
    this.#readback.dispose();
  }

  /** What the update saw. @throws NonFiniteGradientError when it changed nothing. */
  async #moved({ step }: Draw) {
    const { norms, nonFinite, saturations } = await this.#generator.stats();
    const { dm, cfg, gradient } = await this.#objective.sizes(this.#readback);
    checkFinite({ nonFinite: nonFinite + (Number.isFinite(gradient) ? 0 : 1) }, step);
    return { terms: { dm, cfg }, gradientNorms: { views: gradient, ...norms }, saturations };
  }
}

/** @throws NonFiniteGradientError when what the fake score learned is not a number. */
function checkFake({ loss, gradientNorm }: FakeStep, step: number): void {
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm)) return;
  throw new NonFiniteGradientError(
    `The gradient of the fake score is not finite at step ${step}.`,
    'Resume from the last checkpoint with a lower learning rate (--fake.learningRate).',
  );
}

/** What the seed drew for a step, for people. */
function drawn({ step, cameras, levels }: Draw) {
  return {
    act: 'distil' as const,
    step,
    camera: placeOf(cameras[0]!),
    timesteps: { dm: levels.dm.timestep, cfg: levels.cfg.timestep },
  };
}
