import { stepViews } from '../fit/certain_views';
import { Residual } from '../fit/residual';
import { checkFinite, type Generator } from '../generator/generator';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { prefixed, type Snapshot, storedArray, unprefixed } from '../gpu/snapshot';
import { Submission } from '../gpu/submission';
import type { Texts } from '../guidance/queries';
import type { Manifest } from '../prior/manifest';
import type { Guidance, Sampler } from '../prior/sampler';
import { type CleanEstimate, solve } from '../prior/solver';
import type { DrawReport, FitReport, StepReport, Watch } from '../protocol/reports';
import { streams, uniform } from '../random';
import { type Camera, cameraMatrices } from '../render/camera';
import { raysPerPixel } from '../render/supersampling';
import { type Settings, settingsAt } from '../settings';
import { DrawnViews, type KeptView } from './drawn_views';
import { frontCameras, placeOf } from './plan';
import { type DrawStep, type FitStep, groupCameras, type RoundStep, roundSteps } from './rounds';
import { StepClock } from './step_clock';
import type { StepTaker } from './step_taker';
import { pictures, unit } from './watch';

/** The parts that a reconstruction moves; whoever made them disposes of them, but for the sampler. */
export interface ReconstructionParts {
  readonly gpu: Gpu;
  readonly manifest: Manifest;
  readonly settings: Settings;
  /** Of as many views and rays as `fittedShape` says. */
  readonly generator: Generator;
  readonly sampler: Sampler;
  readonly texts: Texts;
}

/** Views that are on their way from noise. */
interface Drawing {
  /** z_τ, f32 [V, C, H, W]. */
  readonly z: Float32Array;
  /** The estimate of the evaluation before; absent where the way down begins. */
  readonly before?: CleanEstimate;
}

/** Views of a fitting step: a few rays of some of an object's, all of free pictures. */
export const fittedShape = (
  { generator }: Pick<Settings, 'generator'>,
  { views, resolution }: Pick<Manifest, 'views' | 'resolution'>,
) => {
  const [count, side] =
    generator === 'pixels' ? [views, resolution] : [stepViews.count, stepViews.side];
  return { views: count, width: side, height: side };
};

/**
 * One run of score-based iterative reconstruction, step by step (Chen et al. 2024, MicroDreamer; docs/method.md,
 * "Iterative reconstruction"). A step is an evaluation of the network or one of the field.
 */
export class Reconstruction implements StepTaker {
  readonly #gpu: Gpu;
  readonly #manifest: Manifest;
  readonly #settings: Settings;
  readonly #generator: Generator;
  readonly #sampler: Sampler;
  readonly #texts: Texts;
  readonly #steps: readonly RoundStep[];
  readonly #drawn: DrawnViews;
  readonly #residual: Residual;
  readonly #readback: Readback;
  #drawing: Drawing | undefined;
  #step = 0;

  constructor({ gpu, manifest, settings, generator, sampler, texts }: ReconstructionParts) {
    const { groups, charbonnier } = settings.reconstruction;
    this.#gpu = gpu;
    this.#manifest = manifest;
    this.#settings = settings;
    this.#generator = generator;
    this.#sampler = sampler;
    this.#texts = texts;
    this.#steps = roundSteps(settings, sampler.schedule);
    this.#drawn = new DrawnViews(gpu, manifest, groups);
    this.#residual = new Residual(
      gpu,
      { ...fittedShape(settings, manifest), knownSide: manifest.resolution, charbonnier },
      {
        known: this.#drawn.samples,
        views: generator.views,
        viewGradients: generator.viewGradients,
      },
    );
    this.#readback = new Readback(gpu);
  }

  get step(): number {
    return this.#step;
  }

  /**
   * Takes one step: on the way to the views of a group, or of the field towards the views that are kept.
   * @param watch is told what the step saw.
   * @throws NonFiniteGradientError when a gradient is not finite.
   */
  async takeStep(watch?: Watch): Promise<StepReport> {
    const step = this.#steps[this.#step]!;
    const report = await (step.act === 'draw' ? this.#draw(step, watch) : this.#fit(step, watch));
    this.#step += 1;
    return report;
  }

  async #draw({ group, from, to, inverts }: DrawStep, watch?: Watch): Promise<DrawReport> {
    const clock = new StepClock(this.#gpu);
    const cameras = this.#cameras(group);
    const { z, before } = this.#drawing ?? (await this.#noised(group, cameras, from));
    await clock.lap('generator');

    const guidance = this.#guidance(cameras, inverts);
    const { clean, told } = await this.#sampler.estimate(z, from, guidance);
    const now = { timestep: from, clean };
    const solver = inverts ? 'ddim' : 'dpm-solver++';
    const moved = solve(solver, this.#sampler.schedule, z, now, before, to);
    this.#drawing = inverts ? { z: moved } : { z: moved, before: now };
    if (to < 0) this.#keep(cameras, moved);
    watch?.(this.#seen(z, from, clean, told));
    await clock.lap('denoiser');
    return {
      act: 'draw',
      step: this.#step,
      group,
      camera: placeOf(cameras[0]!),
      timestep: from,
      calls: told.length,
      saturations: 0,
      milliseconds: clock.total(),
    };
  }

  async #fit({ index, settles }: FitStep, watch?: Watch): Promise<FitReport> {
    const clock = new StepClock(this.#gpu);
    const { seed } = this.#settings;
    const views = this.#chosen(index, settles);
    const cameras = views.map(({ camera }) => camera);
    const now = settingsAt(this.#settings, this.#step);
    const draw = { step: index, seed, now, cameras, raysPerPixel: 1 };
    const work = new Submission(this.#gpu, 'reconstruction.fit');

    this.#generator.forward(work, draw);
    this.#residual.begin(
      views.map(({ slot }) => slot),
      seed,
      index,
    );
    this.#residual.record(work.pass);
    this.#generator.backward(work);
    this.#generator.step(work, draw);
    work.submit();
    const { norms, nonFinite, saturations } = await this.#generator.stats();
    checkFinite({ nonFinite }, this.#step);
    const [loss = 0] = await this.#readback.floats(this.#residual.meanError, 1);
    if (watch) watch(await this.#fitted());
    await clock.lap('generator');
    return {
      act: 'fit',
      step: this.#step,
      camera: placeOf(cameras[0]!),
      loss,
      calls: 0,
      gradientNorms: norms,
      saturations,
      milliseconds: clock.total(),
    };
  }

  snapshot(): Snapshot {
    const { z, before } = this.#drawing ?? {};
    return {
      ...prefixed('drawn', this.#drawn.snapshot()),
      ...(z && { z: owned(z) }),
      ...(before && {
        'before.clean': owned(before.clean),
        'before.timestep': Uint32Array.of(before.timestep),
      }),
    };
  }

  resumeAt(step: number, snapshot: Snapshot): void {
    const { views, channels, resolution } = this.#manifest;
    const values = (name: string) =>
      storedArray(snapshot, name, 'F32', views * channels * resolution ** 2, 'A drawing');
    this.#drawn.restore(unprefixed('drawn', snapshot));
    const [timestep] = snapshot['before.timestep'] ?? [];
    this.#drawing = snapshot.z && {
      z: values('z'),
      ...(timestep !== undefined && { before: { timestep, clean: values('before.clean') } }),
    };
    this.#step = step;
  }

  dispose(): void {
    this.#residual.dispose();
    this.#drawn.dispose();
    this.#sampler.dispose();
    this.#readback.dispose();
  }

  #cameras(group: number): Camera[] {
    const { generator, seed } = this.#settings;
    // Free pictures are of no object that could be seen from elsewhere.
    if (generator === 'pixels') return frontCameras(this.#manifest);
    return groupCameras(this.#manifest, seed, group);
  }

  /** Where a drawing begins: in noise, or with what has been made so far, noised. */
  async #noised(group: number, cameras: readonly Camera[], timestep: number): Promise<Drawing> {
    const noise = this.#sampler.noise(this.#settings.seed, group);
    if (group === 0) return { z: noise };
    const { resolution } = this.#manifest;
    const { render } = settingsAt(this.#settings, this.#step);
    const views = await this.#generator.still({
      cameras,
      size: resolution,
      raysPerPixel: raysPerPixel(render, resolution),
    });
    const { alpha, sigma } = this.#sampler.schedule.level(timestep);
    return { z: views.map((x, i) => alpha * (2 * x - 1) + sigma * noise[i]!) };
  }

  /** What the network is told; on the way up, nothing is guided. */
  #guidance(cameras: readonly Camera[], inverts: boolean): Guidance {
    const { guidance } = settingsAt(this.#settings, this.#step);
    const { interval } = this.#manifest.guidance;
    return {
      guidance: inverts ? 1 : guidance.scale,
      ...(interval && guidance.limited && { interval }),
      rescale: guidance.rescale,
      threshold: guidance.threshold,
      prompt: this.#texts('prompt', cameras),
      unconditional: this.#texts('negative', cameras),
      cameras: cameraMatrices(cameras),
    };
  }

  #keep(cameras: readonly Camera[], clean: Float32Array): void {
    this.#drawn.keep(cameras, clean);
    this.#drawing = undefined;
  }

  /** What an evaluation was shown, and what it says. */
  #seen(z: Float32Array, timestep: number, clean: Float32Array, told: readonly Float32Array[]) {
    const show = pictures(this.#manifest);
    const texts = ['y', '∅'];
    const rows = [
      show.picture('noised', 'z_τ', `the views noised to timestep ${timestep}`, z.map(unit)),
      ...told.map((estimate, i) =>
        show.picture(
          ['clean-prompt', 'clean-negative'][i]!,
          `x̂_φ(z_τ; ${texts[i]})`,
          'the picture that this leads to in one step',
          estimate.map(unit),
        ),
      ),
      show.picture('clean-guided', 'x̂', 'the picture that guidance leads to', clean.map(unit)),
    ];
    return { step: this.#step, rows };
  }

  /** The rays of a fitting step, and where they are moved. */
  async #fitted() {
    const { views, width: resolution } = fittedShape(this.#settings, this.#manifest);
    const show = pictures({ views, resolution, channels: 4 });
    const words = 4 * views * resolution ** 2;
    const rendered = await this.#readback.floats(this.#generator.views, words);
    const gradient = await this.#readback.floats(this.#generator.viewGradients, words);
    const moved = gradient.map((slope) => -slope);
    const rows = [
      show.picture('views', 'x', 'some rays of the views that are fitted', rendered),
      show.signed('gradient', '−∂L/∂x', 'where they are moved', moved),
    ];
    return { step: this.#step, rows };
  }

  /** The views of a fitting step: of the newest group, and of any that is kept. */
  #chosen(index: number, settles: boolean): KeptView[] {
    const { generator, seed, reconstruction } = this.#settings;
    const { views } = this.#manifest;
    if (generator === 'pixels') {
      return Array.from({ length: views }, (_, view) => this.#drawn.view(0, view));
    }
    const chance = (of: number, n: number) =>
      Math.floor(n * uniform(seed, streams.knownView, index, of));
    const newest = settles ? 0 : Math.round(stepViews.count * reconstruction.newest);
    return Array.from({ length: stepViews.count }, (_, i) =>
      i < newest
        ? this.#drawn.view(0, i % views)
        : this.#drawn.view(chance(2 * i, this.#drawn.length), chance(2 * i + 1, views)),
    );
  }
}

/** A copy with a buffer of its own. */
const owned = (values: Float32Array) => new Float32Array(values);
