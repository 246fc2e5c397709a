import type { Field } from '../field/field';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { Submission } from '../gpu/submission';
import { type GuidanceShape, Noising } from '../guidance/noise';
import { Objective, slotLevels } from '../guidance/objective';
import { drawFakeLevel, drawLevels, drawStep, type NoiseLevel } from '../guidance/timestep';
import type { Adam } from '../optim/adam';
import type { Denoiser } from '../prior/denoiser';
import type { FakeScore } from '../prior/fake_score';
import type { Manifest } from '../prior/manifest';
import type { Conditioning } from '../prior/text_encoder';
import { type Camera, cameraMatrices, stepCameras } from '../render/camera';
import type { Renderer } from '../render/renderer';
import { raysPerPixel } from '../render/supersampling';
import { type Settings, scheduled } from '../settings';
import { Clock, type Laps } from './clock';

/** What a step asks of the frozen denoiser ε_φ. */
export type FrozenScore = Pick<Denoiser, 'batch' | 'z' | 'prediction' | 'setText' | 'run'>;

/** What a step asks of the fake score ε_ψ. */
export type TrainedScore = Pick<FakeScore, 'z' | 'prediction' | 'target' | 'predict' | 'train'>;

/** The parts that one step moves; whoever made them disposes of them. */
export interface TrainerParts {
  readonly gpu: Gpu;
  readonly manifest: Manifest;
  readonly settings: Settings;
  readonly field: Field;
  readonly renderer: Renderer;
  readonly optimiser: Adam;
  /** ε_φ, frozen; runs of one engine take turns with it. */
  readonly denoiser: FrozenScore;
  /** ε_ψ, this run's own; absent where the baseline is the noise. */
  readonly fake?: TrainedScore;
  readonly prompt: Conditioning;
  /** The encoding of the empty prompt, ∅. */
  readonly empty: Conditioning;
}

/** What one step did. Terms and the views' gradient are root mean squares over elements, the rest Euclidean norms. */
export interface StepReport {
  readonly step: number;
  /** Where the first view's camera stood, in degrees. */
  readonly camera: { readonly azimuth: number; readonly elevation: number };
  /** τ of the matching and of the adherence term. */
  readonly timesteps: readonly [matching: number, adherence: number];
  readonly terms: { readonly matching: number; readonly adherence: number };
  readonly gradientNorms: {
    readonly views: number;
    readonly table: number;
    readonly mlp: number;
  };
  /** Denoising loss of ψ and the norm of its gradient, of the last update; null without a fake score. */
  readonly fake: { readonly loss: number; readonly gradientNorm: number } | null;
  /** Gradient accumulators that overflowed. */
  readonly saturations: number;
  readonly milliseconds: Laps;
}

/** Thrown when a gradient is NaN or infinite; the field was not updated by it. */
export class NonFiniteGradientError extends Error {
  override readonly name = 'NonFiniteGradientError';
}

/**
 * One run of score distillation. A step renders views, noises them, asks the denoisers, and takes the
 * gradient of the objective back through the renderer into the field; VSD then takes one denoising
 * step of ψ on the same views.
 */
export class Trainer {
  readonly #parts: TrainerParts;
  readonly #readback: Readback;
  readonly #noising: Noising;
  readonly #objective: Objective;
  readonly #fakeNoising: Noising | undefined;
  #step = 0;

  constructor(parts: TrainerParts) {
    const { gpu, manifest, renderer, denoiser, fake } = parts;
    this.#parts = parts;
    this.#readback = new Readback(gpu);
    const pixels = manifest.views * manifest.resolution ** 2;
    const shape: GuidanceShape = {
      views: manifest.views,
      elements: pixels * manifest.channels,
      pixels,
      prediction: manifest.prediction,
    };
    const { z, prediction } = denoiser;
    const { views, viewGradients } = renderer;
    this.#noising = new Noising(gpu, shape, denoiser.batch, { views, z });
    this.#objective = new Objective(gpu, shape, {
      z,
      prediction,
      gradient: viewGradients,
      ...(fake ? { fakePrediction: fake.prediction } : {}),
    });
    this.#fakeNoising =
      fake && new Noising(gpu, shape, 1, { views, z: fake.z, target: fake.target });
  }

  /** Steps taken. */
  get step(): number {
    return this.#step;
  }

  /** Goes on as if `step` steps had been taken; field, optimiser and ψ were restored to match. */
  resumeAt(step: number): void {
    this.#step = step;
  }

  /**
   * Takes one step.
   * @throws NonFiniteGradientError when a gradient is not finite.
   */
  async takeStep(): Promise<StepReport> {
    const { gpu, settings, manifest, renderer, optimiser } = this.#parts;
    const step = this.#step;
    const levels = drawLevels(settings, manifest.alpha_bar, step);
    const slots = slotLevels(levels);
    const drawn = drawStep(settings, step);
    const cameras = this.#cameras(drawn);
    const clock = new Clock(gpu);

    this.#begin(step, cameras);
    this.#noising.begin(settings.seed, drawn, slots);
    const toViews = new Submission(gpu, 'trainer.views');
    if (step % settings.render.occupancyEvery === 0) renderer.updateOccupancy(toViews.pass);
    renderer.forward(toViews);
    this.#noising.record(toViews.pass);
    toViews.submit();
    await clock.lap('field');

    await this.#predict(slots, cameras);
    await clock.lap('denoiser');

    this.#objective.begin(settings, step, levels);
    optimiser.begin(step + 1, {
      table: scheduled(settings.optim.tableLearningRate, step, settings.steps),
      mlp: scheduled(settings.optim.mlpLearningRate, step, settings.steps),
    });
    const toField = new Submission(gpu, 'trainer.gradient');
    this.#objective.record(toField.pass);
    renderer.backward(toField);
    optimiser.update(toField.pass);
    toField.submit();
    const stats = await optimiser.readStats(this.#readback);
    const [matching = 0, adherence = 0, views = 0] = await this.#readback.floats(
      this.#objective.norms,
      3,
    );
    await clock.lap('field');
    if (stats.nonFinite > 0 || !Number.isFinite(views)) {
      throw new NonFiniteGradientError(
        `The gradient of step ${step} is not finite (${stats.nonFinite} parameters): the field was left as step ${step - 1} made it. ` +
          'Resume from the last checkpoint with a lower learning rate or guidance scale.',
      );
    }

    const fake = await this.#trainFake(step, cameras);
    await clock.lap('denoiser');
    this.#step = step + 1;
    return {
      step,
      camera: placeOf(cameras[0]!),
      timesteps: [levels.matching.timestep, levels.adherence.timestep],
      terms: { matching, adherence },
      gradientNorms: { views, table: stats.norms.table!, mlp: stats.norms.mlp! },
      fake,
      saturations: stats.saturations,
      milliseconds: clock.total(),
    };
  }

  dispose(): void {
    this.#noising.dispose();
    this.#fakeNoising?.dispose();
    this.#objective.dispose();
    this.#readback.dispose();
  }

  /** The cameras of a step: a function of the seed and the step alone. */
  #cameras(step: number): Camera[] {
    const { camera } = this.#parts.manifest;
    return stepCameras(camera, this.#parts.settings.seed, step);
  }

  #begin(step: number, cameras: readonly Camera[]): void {
    const { field, manifest, renderer, settings } = this.#parts;
    const { seed, steps, loss } = settings;
    const share = scheduled(settings.field.activeLevels, step, steps);
    field.activeLevels = share * settings.field.levels;
    renderer.begin({
      cameras,
      seed,
      step,
      raysPerPixel: raysPerPixel(settings, manifest.resolution, step),
      regularisers: {
        sparsity: scheduled(loss.sparsity, step, steps),
        opaque: scheduled(loss.opaque, step, steps),
        nearness: scheduled(loss.nearness, step, steps),
      },
    });
  }

  /** ε_φ with and without the prompt and, for VSD, ε_ψ. */
  async #predict(slots: readonly NoiseLevel[], cameras: readonly Camera[]): Promise<void> {
    const { denoiser, fake, prompt, empty } = this.#parts;
    const view = cameraMatrices(cameras);
    slots.forEach((_, slot) => {
      denoiser.setText(slot, slot === 1 ? empty : prompt);
    });
    await denoiser.run({ timesteps: slots.map(({ timestep }) => timestep), cameras: view });
    if (!fake) return;
    this.#copyNoised(fake);
    await fake.predict({ timestep: slots[0]!.timestep, cameras: view });
  }

  /** ψ is asked about the very z_τ that φ was asked about. */
  #copyNoised(fake: TrainedScore): void {
    const copy = new Submission(this.#parts.gpu, 'trainer.fake z');
    copy.encoder.copyBufferToBuffer(this.#parts.denoiser.z, 0, fake.z, 0, fake.z.size);
    copy.submit();
  }

  /** Denoising score matching of ψ on this step's views: min_ψ E |ε_ψ(z_τ'; y, c) − ε|² (VSD, eq. 9). */
  async #trainFake(step: number, cameras: readonly Camera[]): Promise<StepReport['fake']> {
    const { fake, manifest, settings } = this.#parts;
    const noising = this.#fakeNoising;
    if (!fake || !noising) return null;
    let report: StepReport['fake'] = null;
    for (let update = 0; update < settings.fake.updates; update++) {
      const level = drawFakeLevel(settings.seed, manifest.alpha_bar, step, update);
      noising.begin(settings.seed, step * maxFakeUpdates + update, [level]);
      const work = new Submission(this.#parts.gpu, 'trainer.fake target');
      noising.record(work.pass);
      noising.recordTarget(work.pass);
      work.submit();
      report = await fake.train({
        timestep: level.timestep,
        cameras: cameraMatrices(cameras),
        learningRate: scheduled(settings.fake.learningRate, step, settings.steps),
      });
    }
    return report;
  }
}

/** Updates of ψ in one step are at most this many, so that each has noise of its own. */
const maxFakeUpdates = 16;

function placeOf({ c2w }: Camera): StepReport['camera'] {
  const [x, y, z] = [c2w[3]!, c2w[7]!, c2w[11]!];
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  return {
    azimuth: degrees(Math.atan2(x, z)),
    elevation: degrees(Math.atan2(y, Math.hypot(x, z))),
  };
}
