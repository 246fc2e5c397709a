import { LimbeckError } from '../errors';
import { ofCertainViews } from '../fit/certain_views';
import { FieldGenerator, type FieldGeneratorOptions, type ViewShape } from '../generator/field';
import { Particles } from '../generator/particles';
import { PixelGenerator } from '../generator/pixels';
import type { Gpu } from '../gpu/device';
import { withinMemory } from '../gpu/out_of_memory';
import { batchOf, questionsOf, type Texts } from '../guidance/queries';
import type { Reward } from '../guidance/reward';
import { textsOf } from '../guidance/texts';
import type { PlatformDecoder } from '../image/platform';
import { Denoiser } from '../prior/denoiser';
import { type ChosenExemplar, Exemplars, type ExemplarWish } from '../prior/exemplars/exemplars';
import { FakeNetworks } from '../prior/fake_score';
import type { LoadProgress, ModelFiles, Prior } from '../prior/files';
import { openPrior } from '../prior/layouts';
import type { Manifest } from '../prior/manifest';
import { type Estimate, Sampler, type SamplingOptions, samplingDefaults } from '../prior/sampler';
import { Spaces } from '../prior/space/spaces';
import { PromptEncoder, promptNotes } from '../prior/text_encoder';
import type { SettingsChange } from '../protocol/reports';
import { type Camera, cameraMatrices, ringCameras } from '../render/camera';
import { mostRaysPerPixel } from '../render/supersampling';
import type { OrtBackend } from '../runtime/backend';
import { Runtime } from '../runtime/runtime';
import { defaults, methodOf, most, type Settings } from '../settings';
import { frontCameras } from './plan';
import { fittedShape, Reconstruction } from './reconstruction';
import { Run, storedExemplar } from './run';
import { startFrom } from './start';
import { Trainer } from './trainer';

/** Views whose outline an object's mesh is to have, and their side in pixels. */
const silhouettes = { count: 4, size: 64 };

export interface EngineOptions {
  readonly gpu: Gpu;
  readonly backend: OrtBackend;
  readonly files: ModelFiles;
  readonly onProgress?: LoadProgress;
  /** Decodes WebP and others of a person's pictures. Default: the browser's own. */
  readonly platform?: PlatformDecoder;
  /** What runs may climb beside the scores; without it those that ask for a reward are refused. */
  readonly reward?: RewardSource;
}

/** Makes the reward of a prompt for views of the prior's number and side. */
export type RewardSource = (
  runtime: Runtime,
  wanted: { readonly prompt: string; readonly count: number; readonly size: number },
) => Promise<Reward>;

/** A run of one of the generators that there are. */
export type EngineRun = Run<OneGenerator | Particles<OneGenerator>>;

type OneGenerator = FieldGenerator | PixelGenerator;

/** What a run's prior is shown: the texts, and beside them an exemplar. */
interface Shown {
  readonly texts: Texts;
  readonly exemplar: ChosenExemplar;
  readonly changes: readonly SettingsChange[];
}

/** How a method's fields are made. */
const fieldsOf = ({ method }: Settings) =>
  methodOf(method).kind === 'reconstruction' ? ofCertainViews : {};

/** What to do where a run's particles need more memory than there is. */
const memoryRemedy = ({ particles }: Settings): string | undefined =>
  particles > 1
    ? `Take fewer than ${particles} particles (--particles), a smaller field, or the preset fast or tiny.`
    : undefined;

export type SampleOptions = Pick<SamplingOptions, 'seed'> &
  Partial<Pick<ExemplarWish, 'exemplar'>> &
  Partial<Pick<SamplingOptions, 'steps' | 'solver' | 'guidance' | 'interval' | 'rescale'>> & {
    /** From where it is seen; `samplingCameras` unless given. */
    readonly cameras?: readonly Camera[];
  };

/** A device, a prior loaded on it, and the runs that share both. */
export class Engine {
  readonly gpu: Gpu;
  readonly prior: Prior;
  readonly exemplars: Exemplars;
  readonly #runtime: Runtime;
  readonly #reward: RewardSource | undefined;
  readonly #encoder: PromptEncoder;
  readonly #spaces: Spaces;
  /** Frozen denoisers by batch size: runs take turns with them. */
  readonly #denoisers = new Map<number, Promise<Denoiser>>();
  /** Networks of fake scores by rank and number of questions: each run has its own weights for them. */
  readonly #fakeNetworks = new Map<string, Promise<FakeNetworks>>();

  private constructor(
    gpu: Gpu,
    runtime: Runtime,
    parts: Pick<EngineOptions, 'files' | 'onProgress' | 'platform' | 'reward'> & {
      readonly prior: Prior;
      readonly encoder: PromptEncoder;
    },
  ) {
    this.gpu = gpu;
    this.prior = parts.prior;
    this.#runtime = runtime;
    this.#encoder = parts.encoder;
    this.#reward = parts.reward;
    this.#spaces = new Spaces(runtime, parts.prior);
    this.exemplars = new Exemplars({ ...parts, runtime });
  }

  /** @throws LimbeckError when the prior cannot be used. */
  static async open({ gpu, backend, ...parts }: EngineOptions): Promise<Engine> {
    const prior = await openPrior(parts.files, parts.onProgress);
    const runtime = new Runtime(gpu, backend);
    const encoder = await PromptEncoder.load(runtime, prior);
    return new Engine(gpu, runtime, { ...parts, prior, encoder });
  }

  get manifest(): Manifest {
    return this.prior.manifest;
  }

  /** The one owner of onnxruntime: whoever judges what was made runs there too. */
  get runtime(): Runtime {
    return this.#runtime;
  }

  /** Questions that the prior's networks answered so far: forward passes of all views for one text. */
  async calls(): Promise<number> {
    const frozen = await Promise.all(this.#denoisers.values());
    const fake = await Promise.all(this.#fakeNetworks.values());
    return (
      frozen.reduce((sum, { answered }) => sum + answered, 0) +
      fake.reduce((sum, { predictor }) => sum + predictor.runs, 0)
    );
  }

  /** Where the denoiser runs, for people. */
  get denoiserDescription(): string {
    return this.#runtime.description;
  }

  /**
   * A run at its first step.
   * @param from the checkpoint that it is to go on from, which holds a person's own exemplar.
   * @param changes of settings, at later steps.
   * @throws LimbeckError when a size exceeds the adapter's limits, or its memory is spent.
   */
  async createRun(
    settings: Settings,
    from?: Uint8Array,
    changes: readonly SettingsChange[] = [],
  ): Promise<EngineRun> {
    const own = from && storedExemplar(from, settings, this.manifest);
    if (own) this.exemplars.keep(own);
    const exemplar = await this.exemplars.chosen(settings);
    const texts = await textsOf(this.#encoder, this.manifest, settings, exemplar.shown);
    const { kind } = methodOf(settings.method);
    const run = await (kind === 'reconstruction'
      ? this.#reconstruction(settings, { texts, exemplar, changes })
      : this.#distillation(settings, { texts, exemplar, changes }));
    await this.gpu.pipelines.ready();
    // A checkpoint brings what came of it.
    if (!from && settings.start.source !== 'none') await this.#start(run, settings);
    return run;
  }

  /** Makes the run's field the object that it is to start from. @throws LimbeckError where that cannot be. */
  async #start(run: EngineRun, settings: Settings): Promise<void> {
    try {
      const mesh = await this.exemplars.object(settings.start.source);
      const { generator } = run;
      const all = generator instanceof Particles ? generator.all : [generator];
      const fields = all.filter((one) => one instanceof FieldGenerator);
      await startFrom(this.gpu, mesh, settings, fields, fieldsOf(settings));
    } catch (error) {
      run.dispose();
      throw error;
    }
  }

  async #distillation(settings: Settings, { texts, exemplar, changes }: Shown): Promise<EngineRun> {
    const { gpu, manifest } = this;
    const { views, resolution } = manifest;
    const questions = questionsOf(settings.guidance);
    const denoiser = await this.#denoiser(batchOf(questions, 'frozen').length);
    const asked = batchOf(questions, 'fake').length;
    const networks = asked > 0 ? await this.#networks(settings.fake.rank, asked) : undefined;
    const reward = await this.#rewardOf(settings);
    const pair = settings.guidance.noise === 'inverted' ? await this.#denoiser(2) : undefined;
    const spaceOf = await this.#spaces.maker();
    return withinMemory(
      gpu,
      () => {
        const fake = networks?.score(settings.seed);
        const generator = this.#particles(settings, {
          views,
          width: resolution,
          height: resolution,
          raysPerPixel: mostRaysPerPixel(settings, resolution),
        });
        const own = { ...(fake && { fake }), ...(reward && { reward }) };
        const parts = { settings, manifest, generator, exemplar, ...own };
        const scores = { denoiser, texts, ...(pair && { pair }) };
        const space = spaceOf(generator);
        const trainer = new Trainer({ ...parts, gpu, space, ...scores });
        return new Run({ ...parts, changes, trainer });
      },
      memoryRemedy(settings),
    );
  }

  async #reconstruction(
    settings: Settings,
    { texts, exemplar, changes }: Shown,
  ): Promise<EngineRun> {
    const { gpu, manifest } = this;
    if (manifest.channels !== 4) {
      throw new LimbeckError(
        `${manifest.name} draws no alpha, and reconstruction fits an object to views that have it.`,
        'Choose a method of score distillation, such as --method sds, or another prior.',
      );
    }
    // Loaded before the first step, as all that a run needs.
    for (const batch of [1, 2]) await this.#denoiser(batch);
    return withinMemory(gpu, () => {
      const shape = fittedShape(settings, manifest);
      const generator = this.#generator(settings, { ...shape, ...fieldsOf(settings) });
      const sampler = this.#sampler();
      const parts = { settings, manifest, generator, exemplar };
      const trainer = new Reconstruction({ ...parts, gpu, sampler, texts });
      return new Run({ ...parts, changes, trainer });
    });
  }

  /** @throws LimbeckError when a run asks for a reward and there is none. */
  async #rewardOf({ prompt, reward }: Settings): Promise<Reward | undefined> {
    if (most(reward.weight) === 0) return undefined;
    if (!this.#reward) {
      throw new LimbeckError(
        'A reward was asked for, and this engine has no network that gives one.',
        'Set --reward.weight 0.',
      );
    }
    const { views: count, resolution: size } = this.manifest;
    return this.#reward(this.#runtime, { prompt, count, size });
  }

  /** One generator, or as many particles as the settings say, each from a seed of its own. */
  #particles(settings: Settings, shape: ViewShape): EngineRun['generator'] {
    const { particles, seed } = settings;
    if (particles === 1) return this.#generator(settings, shape);
    const each = Array.from({ length: particles }, (_, i) =>
      this.#generator({ ...settings, seed: (seed + i) % 2 ** 32 }, shape),
    );
    return new Particles(this.gpu, each, shape.views * 4 * shape.width * shape.height);
  }

  /** @param shape of the views of a step, and how a field is made where it differs. */
  #generator(
    settings: Settings,
    shape: ViewShape & Pick<FieldGeneratorOptions, 'densityActivation' | 'adam'>,
  ): OneGenerator {
    const { views, resolution, camera } = this.manifest;
    if (settings.generator === 'pixels') {
      return new PixelGenerator(this.gpu, { views, resolution, seed: settings.seed });
    }
    const elevation = (camera.elevation[0] + camera.elevation[1]) / 2;
    return new FieldGenerator(this.gpu, {
      settings,
      ...shape,
      viewSize: resolution,
      around: (count) => ringCameras(count, { ...camera, elevation }),
      silhouettes,
    });
  }

  #sampler(): Sampler {
    return new Sampler(this.#runtime, (batch) => this.#denoiser(batch), this.manifest);
  }

  /** What of a prompt the prior does not take in, in sentences. */
  notesOn(prompt: string): string[] {
    return promptNotes(this.#encoder.reading(prompt));
  }

  /** Where samples are seen from: one camera a view, the first at the front. */
  get samplingCameras(): Camera[] {
    return frontCameras(this.manifest);
  }

  /**
   * Draws the prior's own views of a prompt, unless cameras are given from the front, at the middle of its
   * elevations, one step at a time: the last estimate is the sample. Whoever does not want it any more calls `return`.
   */
  async *sample(
    prompt: string,
    { exemplar = defaults.exemplar, cameras = this.samplingCameras, ...options }: SampleOptions,
  ): AsyncGenerator<Estimate, void> {
    const { scale, interval } = this.manifest.guidance;
    const { shown } = await this.exemplars.chosen({ prompt, seed: options.seed, exemplar });
    const sampler = this.#sampler();
    try {
      yield* sampler.sample({
        guidance: (shown && this.manifest.exemplar?.scale) ?? scale,
        ...samplingDefaults,
        ...(interval && { interval }),
        ...options,
        prompt: { ...(await this.#encoder.encode(prompt)), ...(shown && { exemplar: shown }) },
        unconditional: await this.#encoder.unconditional(),
        cameras: cameraMatrices(cameras),
      });
    } finally {
      sampler.dispose();
    }
  }

  async dispose(): Promise<void> {
    for (const denoiser of this.#denoisers.values()) await (await denoiser).dispose();
    for (const networks of this.#fakeNetworks.values()) await (await networks).dispose();
    await this.#spaces.dispose();
    await this.exemplars.dispose();
    await this.#encoder.dispose();
    await this.#runtime.dispose();
  }

  #denoiser(batch: number): Promise<Denoiser> {
    const made = this.#denoisers.get(batch) ?? Denoiser.load(this.#runtime, this.prior, batch);
    this.#denoisers.set(batch, made);
    return made;
  }

  #networks(rank: number, batch: number): Promise<FakeNetworks> {
    const key = `${rank} ${batch}`;
    const made =
      this.#fakeNetworks.get(key) ?? FakeNetworks.load(this.#runtime, this.prior, rank, batch);
    this.#fakeNetworks.set(key, made);
    return made;
  }
}
