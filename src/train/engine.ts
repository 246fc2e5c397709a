import { Field } from '../field/field';
import type { Gpu } from '../gpu/device';
import { Adam } from '../optim/adam';
import { Denoiser } from '../prior/denoiser';
import { FakeScore } from '../prior/fake_score';
import { type LoadProgress, loadPrior, type ModelFiles, type Prior } from '../prior/files';
import type { Manifest } from '../prior/manifest';
import { defaultSteps, type Estimate, Sampler, type SamplingOptions } from '../prior/sampler';
import { PromptEncoder, promptNotes } from '../prior/text_encoder';
import { type Camera, cameraMatrices, orbitCamera } from '../render/camera';
import { Renderer } from '../render/renderer';
import { mostRaysPerPixel } from '../render/supersampling';
import type { OrtBackend } from '../runtime/backend';
import { Runtime } from '../runtime/runtime';
import type { Settings } from '../settings';
import { Run } from './run';
import { Trainer } from './trainer';

export interface EngineOptions {
  readonly gpu: Gpu;
  readonly backend: OrtBackend;
  readonly files: ModelFiles;
  readonly onProgress?: LoadProgress;
}

export type SampleOptions = Pick<SamplingOptions, 'seed'> &
  Partial<Pick<SamplingOptions, 'steps' | 'guidance'>>;

/** A device, a prior loaded on it, and the runs that share both. */
export class Engine {
  readonly gpu: Gpu;
  readonly prior: Prior;
  readonly #runtime: Runtime;
  readonly #encoder: PromptEncoder;
  /** Frozen denoisers by batch size: runs take turns with them. */
  readonly #denoisers = new Map<number, Promise<Denoiser>>();

  private constructor(gpu: Gpu, prior: Prior, runtime: Runtime, encoder: PromptEncoder) {
    this.gpu = gpu;
    this.prior = prior;
    this.#runtime = runtime;
    this.#encoder = encoder;
  }

  /** @throws ManifestError, ModelFileError or ModelError when the prior cannot be used. */
  static async open({ gpu, backend, files, onProgress }: EngineOptions): Promise<Engine> {
    const prior = await loadPrior(files, onProgress);
    const runtime = new Runtime(gpu, backend);
    return new Engine(gpu, prior, runtime, await PromptEncoder.load(runtime, prior));
  }

  get manifest(): Manifest {
    return this.prior.manifest;
  }

  /** Where the denoiser runs, for people. */
  get denoiserDescription(): string {
    return this.#runtime.description;
  }

  /** A run at its first step. @throws RangeError when a size exceeds the adapter's limits. */
  async createRun(settings: Settings): Promise<Run> {
    const { gpu, manifest } = this;
    const [prompt, empty] = [
      await this.#encoder.encode(settings.prompt),
      await this.#encoder.encode(''),
    ];
    const denoiser = await this.#denoiser(settings.guidance.sharedTimestep ? 2 : 3);
    const field = new Field(gpu, fieldOptions(settings), settings.seed);
    const renderer = new Renderer(gpu, field, {
      views: manifest.views,
      width: manifest.resolution,
      height: manifest.resolution,
      samplesPerRay: settings.render.samplesPerRay,
      raysPerPixel: mostRaysPerPixel(settings, manifest.resolution),
      occupancyResolution: settings.render.occupancyResolution,
    });
    const optimiser = new Adam(gpu, field.parameters);
    const fake = await this.#fakeScore(settings);
    fake?.setText(prompt);
    const trainer = new Trainer({
      gpu,
      manifest,
      settings,
      field,
      renderer,
      optimiser,
      denoiser,
      ...(fake ? { fake } : {}),
      prompt,
      empty,
    });
    return new Run({
      gpu,
      settings,
      manifest,
      trainer,
      field,
      renderer,
      optimiser,
      ...(fake ? { fake } : {}),
    });
  }

  /** What of a prompt the prior does not take in, in sentences. */
  notesOn(prompt: string): string[] {
    return promptNotes(this.#encoder.reading(prompt));
  }

  /** Where samples are seen from: one camera a view, the first at the front. */
  get samplingCameras(): Camera[] {
    const { camera } = this.manifest;
    const elevation = (camera.elevation[0] + camera.elevation[1]) / 2;
    return camera.azimuth_offsets.map((azimuth) => orbitCamera({ ...camera, azimuth, elevation }));
  }

  /**
   * Draws the prior's own views of a prompt from the front, at the middle of its elevations, one step at
   * a time: the last estimate is the sample. Whoever does not want it any more calls `return`.
   */
  async *sample(prompt: string, options: SampleOptions): AsyncGenerator<Estimate, void> {
    const denoiser = await this.#denoiser(2);
    const sampler = new Sampler(this.#runtime, denoiser, this.manifest);
    try {
      yield* sampler.sample({
        steps: defaultSteps,
        guidance: this.manifest.guidance.scale,
        ...options,
        prompt: await this.#encoder.encode(prompt),
        empty: await this.#encoder.encode(''),
        cameras: cameraMatrices(this.samplingCameras),
      });
    } finally {
      sampler.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const denoiser of this.#denoisers.values()) await (await denoiser).dispose();
    await this.#encoder.dispose();
    await this.#runtime.dispose();
  }

  #denoiser(batch: number): Promise<Denoiser> {
    const made = this.#denoisers.get(batch) ?? Denoiser.load(this.#runtime, this.prior, batch);
    this.#denoisers.set(batch, made);
    return made;
  }

  async #fakeScore({ guidance, fake, seed }: Settings): Promise<FakeScore | undefined> {
    if (guidance.baseline !== 'fake') return undefined;
    return FakeScore.load(this.#runtime, this.prior, { rank: fake.rank, seed });
  }
}

const fieldOptions = ({ field }: Settings) => {
  const { activeLevels: _, ...options } = field;
  return options;
};
