import { stepViews } from '../fit/certain_views';
import { Residual } from '../fit/residual';
import { checkFinite, type Generator } from '../generator/generator';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { prefixed, type Snapshot, unprefixed } from '../gpu/snapshot';
import { Submission } from '../gpu/submission';
import type { Texts } from '../guidance/queries';
import type { Manifest } from '../prior/manifest';
import type { Guidance, Sampler } from '../prior/sampler';
import type { DrawReport, FitReport, StepReport, Watch } from '../protocol/reports';
import { type Camera, cameraMatrices } from '../render/camera';
import { raysPerPixel } from '../render/supersampling';
import { type Settings, settingsAt } from '../settings';
import { Drawing } from './drawing';
import { DrawnViews } from './drawn_views';
import { frontCameras, placeOf } from './plan';
import { type DrawStep, type FitStep, groupCameras, type RoundStep, roundSteps } from './rounds';
import { StepClock } from './step_clock';
import type { StepTaker } from './step_taker';
import { drawnRows, fittedRows } from './watch_views';

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

  async #draw(step: DrawStep, watch?: Watch): Promise<DrawReport> {
    const clock = new StepClock(this.#gpu);
    const { group, from, to } = step;
    const cameras = this.#cameras(group);
    const drawing = this.#drawing ?? new Drawing(await this.#noised(group, cameras, from));
    await clock.lap('generator');

    const { z } = drawing;
    const guided = await drawing.move(this.#sampler, step, this.#guidance(cameras));
    if (to < 0) this.#drawn.keep(cameras, drawing.z);
    this.#drawing = to < 0 ? undefined : drawing;
    watch?.({ step: this.#step, rows: drawnRows(this.#manifest, from, z, guided) });
    await clock.lap('denoiser');
    return {
      act: 'draw',
      step: this.#step,
      group,
      camera: placeOf(cameras[0]!),
      timestep: from,
      calls: guided.told.length,
      saturations: 0,
      milliseconds: clock.total(),
    };
  }

  async #fit({ index, settles }: FitStep, watch?: Watch): Promise<FitReport> {
    const clock = new StepClock(this.#gpu);
    const { seed } = this.#settings;
    const { count, newest } = this.#shares(settles);
    const views = this.#drawn.chosen(count, newest, [seed, index]);
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
    if (watch) watch({ step: this.#step, rows: await this.#fittedRows() });
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
    return {
      ...prefixed('drawing', this.#drawing?.snapshot() ?? {}),
      ...prefixed('drawn', this.#drawn.snapshot()),
    };
  }

  resumeAt(step: number, snapshot: Snapshot): void {
    const { views, channels, resolution } = this.#manifest;
    const values = views * channels * resolution ** 2;
    this.#drawing = Drawing.restored(unprefixed('drawing', snapshot), values);
    this.#drawn.restore(unprefixed('drawn', snapshot));
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

  /** Where a drawing begins: in noise, or with what there is so far, noised; z, f32 [V, C, H, W]. */
  async #noised(group: number, cameras: readonly Camera[], timestep: number) {
    const noise = this.#sampler.noise(this.#settings.seed, group);
    if (group === 0 && this.#settings.start.source === 'none') return noise;
    const { resolution } = this.#manifest;
    const { render } = settingsAt(this.#settings, this.#step);
    const views = await this.#generator.still({
      cameras,
      size: resolution,
      raysPerPixel: raysPerPixel(render, resolution),
      samples: 1,
    });
    const { alpha, sigma } = this.#sampler.schedule.level(timestep);
    return views.map((x, i) => alpha * (2 * x - 1) + sigma * noise[i]!);
  }

  /** What the network is told. */
  #guidance(cameras: readonly Camera[]): Guidance {
    const { guidance } = settingsAt(this.#settings, this.#step);
    const { interval } = this.#manifest.guidance;
    return {
      guidance: guidance.scale,
      ...(interval && guidance.limited && { interval }),
      rescale: guidance.rescale,
      threshold: guidance.threshold,
      prompt: this.#texts('prompt', cameras),
      unconditional: this.#texts('negative', cameras),
      cameras: cameraMatrices(cameras),
    };
  }

  /** Views of a fitting step, and how many of them are the newest. */
  #shares(settles: boolean) {
    const { views: count } = fittedShape(this.#settings, this.#manifest);
    if (this.#settings.generator === 'pixels') return { count, newest: count };
    const share = settles ? 0 : this.#settings.reconstruction.newest;
    return { count, newest: Math.round(share * count) };
  }

  async #fittedRows() {
    const { views, width: resolution } = fittedShape(this.#settings, this.#manifest);
    const words = 4 * views * resolution ** 2;
    return fittedRows(
      { views, resolution, channels: 4 },
      await this.#readback.floats(this.#generator.views, words),
      await this.#readback.floats(this.#generator.viewGradients, words),
    );
  }
}
