import type { Gpu } from '../gpu/device';
import type { Submission } from '../gpu/submission';
import type { Denoiser } from '../prior/denoiser';
import type { FakeScore } from '../prior/fake_score';
import type { Conditioning } from '../prior/text_encoder';
import { type Camera, cameraMatrices } from '../render/camera';
import type { SettingsAt } from '../schema';
import { type GuidanceShape, Noising } from './noise';
import type { FakeLevel, LevelName, Levels, NoiseLevel } from './noise_level';
import type { GuidanceSettings, GuidedRun } from './settings';

/** A question to a model about the noised views. */
export interface Query {
  /** φ, frozen, or ψ, the fake score. */
  readonly model: 'frozen' | 'fake';
  readonly text: TextName;
  readonly level: LevelName;
  /** Whether the model is not told the cameras. */
  readonly blind?: true;
}

/** What a model is told: the prompt y, nothing ∅, what should not be y⁻, or the prior's words for defects. */
export type TextName = 'prompt' | 'empty' | 'negative' | 'defects';

/** The questions of a step, by what the objective does with the answers. */
export interface Questions {
  /** ε_φ(z_τ; y). */
  readonly conditional: Query;
  /** b; null where it is the noise ε itself. */
  readonly baseline: Query | null;
  /** b without cameras, where the fake score is guided by them; else the same as b. */
  readonly baselineBlind: Query | null;
  /** ε_φ(z_τ'; y), ε_φ(z_τ'; ∅), and ε_φ(z_τ'; y⁻) that ∅ goes over into. */
  readonly cfgConditional: Query;
  readonly cfgUnconditional: Query;
  readonly cfgNegative: Query;
}

/** The settings that decide what a step asks. */
export type Asking = Pick<
  GuidanceSettings,
  'baseline' | 'sharedTimestep' | 'fakeScale' | 'negative' | 'negativeShare'
>;

/** What settings make a step ask. */
export function questionsOf(asking: Asking): Questions {
  const frozen = (text: TextName, level: LevelName): Query => ({ model: 'frozen', text, level });
  const fake: Query = { model: 'fake', text: 'prompt', level: 'dm' };
  const cfg = asking.sharedTimestep ? 'dm' : 'cfg';
  const baselines = {
    noise: null,
    fake,
    shifted: frozen('prompt', 'baseline'),
    defects: frozen('defects', 'dm'),
  } as const;
  const baseline = baselines[asking.baseline];
  const isGuided = baseline?.model === 'fake' && asking.fakeScale !== 1;
  const negative = asking.negative === '' ? 'empty' : 'negative';
  const share = asking.negativeShare;
  return {
    conditional: frozen('prompt', 'dm'),
    cfgUnconditional: frozen(share === 1 ? negative : 'empty', cfg),
    cfgNegative: frozen(share === 0 ? 'empty' : negative, cfg),
    cfgConditional: frozen('prompt', cfg),
    baseline,
    baselineBlind: isGuided ? { ...fake, blind: true } : baseline,
  };
}

/** The questions to one model, each once: its batch. */
export function batchOf(questions: Questions, model: Query['model']): readonly Query[] {
  const asked = Object.values(questions).filter((query: Query | null) => query?.model === model);
  return asked.filter((query, i) => slotOf(asked, query) === i);
}

/** The place of a question in a batch; -1 if it is not asked. */
export const slotOf = (batch: readonly Query[], { model, text, level, blind }: Query): number =>
  batch.findIndex(
    (other) =>
      other.model === model &&
      other.text === text &&
      other.level === level &&
      other.blind === blind,
  );

/** What a step asks of the frozen denoiser ε_φ; runs of one engine take turns with it. */
export type FrozenScore = Pick<Denoiser, 'batch' | 'z' | 'prediction' | 'setText' | 'run'>;

/** What a step asks of the fake score ε_ψ, this run's own. */
export type TrainedScore = Pick<
  FakeScore,
  'z' | 'prediction' | 'learned' | 'target' | 'setText' | 'predict' | 'train'
>;

/** What a model is told for a text, as seen from the cameras of a step; null where it is not told them. */
export type Texts = (text: TextName, cameras: readonly Camera[] | null) => Conditioning;

/** Text and cameras for a model; for one that is not to know the cameras zeros, and words that name no direction. */
export function toldOf(
  text: TextName,
  cameras: readonly Camera[],
  blind: boolean,
  texts: Texts,
): { readonly text: Conditioning; readonly cameras: Float32Array } {
  const matrices = cameraMatrices(cameras);
  if (blind) return { text: texts(text, null), cameras: matrices.fill(0) };
  return { text: texts(text, cameras), cameras: matrices };
}

/** What queries are told of a step. */
export interface QueryDraw {
  readonly seed: number;
  readonly step: number;
  /** The step whose noise is drawn. */
  readonly noiseStep: number;
  readonly cameras: readonly Camera[];
  readonly levels: Levels;
  /** τ'' of each of the fake score's own denoising steps. */
  readonly fakeLevels: readonly FakeLevel[];
  readonly now: SettingsAt<GuidedRun>;
}

/** Noise that is not drawn for each step alone: found by inversion, or attached to the surface. */
export interface NoiseSource {
  /** f32 [V, C, H, W]: ε of the step, written by `draw`; all questions of a step share it. */
  readonly epsilon: GPUBuffer;
  /** Predictions that the last `draw` asked for. */
  readonly calls: number;
  /** Writes the noise of a step whose views were recorded into `work`; may submit it, and may ask a model. */
  draw(work: Submission, draw: QueryDraw): Promise<void>;
  dispose(): void;
}

/** Where the objective finds the answers, all f32, of V·C·H·W words a question, in the order of its batch. */
export interface Answers {
  readonly questions: Questions;
  /** The frozen model's noised views and predictions. */
  readonly z: GPUBuffer;
  readonly prediction: GPUBuffer;
  /** The fake score's own; absent where it is not asked. */
  readonly fakeZ?: GPUBuffer;
  readonly fakePrediction?: GPUBuffer;
  /** ε [V, C, H, W] where it is not drawn for each step alone. */
  readonly givenNoise?: GPUBuffer;
}

export interface QueriesParts {
  readonly questions: Questions;
  /** f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  readonly denoiser: FrozenScore;
  readonly fake?: TrainedScore;
  readonly texts: Texts;
  /** Noise that is not drawn for each step alone; absent where it is. */
  readonly source?: NoiseSource | undefined;
}

/** The questions of every step: noises the views for each, and asks each model for its batch. */
export class Queries implements Answers {
  readonly questions: Questions;
  readonly z: GPUBuffer;
  readonly prediction: GPUBuffer;
  readonly fakeZ?: GPUBuffer;
  readonly fakePrediction?: GPUBuffer;
  readonly givenNoise?: GPUBuffer;
  readonly #parts: QueriesParts;
  readonly #frozen: readonly Query[];
  readonly #fake: readonly Query[];
  readonly #noising: readonly { readonly batch: readonly Query[]; readonly noising: Noising }[];

  /** @throws RangeError when the denoiser's batch is not as large as the questions need. */
  constructor(gpu: Gpu, shape: GuidanceShape, parts: QueriesParts) {
    const { questions, input, denoiser, fake, source } = parts;
    this.questions = questions;
    this.#parts = parts;
    this.#frozen = batchOf(questions, 'frozen');
    this.#fake = batchOf(questions, 'fake');
    if (denoiser.batch !== this.#frozen.length) {
      throw new RangeError(
        `These settings ask the denoiser ${this.#frozen.length} questions a step, and it answers ${denoiser.batch}.`,
      );
    }
    this.z = denoiser.z;
    this.prediction = denoiser.prediction;
    const noisingOf = (batch: readonly Query[], z: GPUBuffer) => ({
      batch,
      noising: new Noising(gpu, shape, batch.length, { views: input, z, given: source?.epsilon }),
    });
    if (source) this.givenNoise = source.epsilon;
    const noising = [noisingOf(this.#frozen, denoiser.z)];
    if (this.#fake.length > 0) {
      if (!fake) throw new Error('These settings ask a fake score, and there is none.');
      this.fakeZ = fake.z;
      this.fakePrediction = fake.prediction;
      noising.push(noisingOf(this.#fake, fake.z));
    }
    this.#noising = noising;
  }

  /** Predictions that the last step asked for. */
  get calls(): number {
    return this.#frozen.length + this.#fake.length + (this.#parts.source?.calls ?? 0);
  }

  /** Records z_τ of every question. */
  async noise(work: Submission, draw: QueryDraw): Promise<void> {
    const { seed, noiseStep, levels } = draw;
    await this.#parts.source?.draw(work, draw);
    for (const { batch, noising } of this.#noising) {
      noising.begin(seed, noiseStep, levelsOf(batch, levels));
      noising.record(work.pass);
    }
  }

  /** Asks about what was submitted; work submitted after it resolves sees the answers. */
  async ask({ cameras, levels }: QueryDraw): Promise<void> {
    const { denoiser, fake, texts } = this.#parts;
    const timesteps = (batch: readonly Query[]) =>
      levelsOf(batch, levels).map(({ timestep }) => timestep);
    this.#frozen.forEach(({ text }, slot) => {
      denoiser.setText(slot, texts(text, cameras));
    });
    await denoiser.run({ timesteps: timesteps(this.#frozen), cameras: cameraMatrices(cameras) });
    if (!fake || this.#fake.length === 0) return;
    const told = this.#fake.map(({ text, blind = false }) => toldOf(text, cameras, blind, texts));
    told.forEach(({ text }, slot) => {
      fake.setText(slot, text);
    });
    const each = Float32Array.from(told.flatMap(({ cameras }) => [...cameras]));
    await fake.predict({ timesteps: timesteps(this.#fake), cameras: each });
  }

  dispose(): void {
    for (const { noising } of this.#noising) noising.dispose();
  }
}

const levelsOf = (batch: readonly Query[], levels: Levels): NoiseLevel[] =>
  batch.map(({ level }) => levels[level]);
