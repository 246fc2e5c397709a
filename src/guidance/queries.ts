import type { Gpu } from '../gpu/device';
import type { Work } from '../gpu/submission';
import type { Denoiser } from '../prior/denoiser';
import type { FakeScore } from '../prior/fake_score';
import type { Conditioning } from '../prior/text_encoder';
import { type Camera, cameraMatrices } from '../render/camera';
import type { SettingsAt } from '../schema';
import { type GuidanceShape, Noising } from './noise';
import type { LevelName, Levels, NoiseLevel } from './noise_level';
import type { GuidanceSettings, GuidedRun } from './settings';

/** A question to a model about the noised views. */
export interface Query {
  /** φ, frozen, or ψ, the fake score. */
  readonly model: 'frozen' | 'fake';
  /** What the model is told: the prompt y, or what stands for none, ∅. */
  readonly text: TextName;
  readonly level: LevelName;
}

export type TextName = 'prompt' | 'negative';

/** The questions of a step, by what the objective does with the answers. */
export interface Questions {
  /** ε_φ(z_τ; y). */
  readonly conditional: Query;
  /** b; null where it is the noise ε itself. */
  readonly baseline: Query | null;
  /** ε_φ(z_τ'; y) and ε_φ(z_τ'; ∅). */
  readonly cfgConditional: Query;
  readonly cfgUnconditional: Query;
}

/** What settings make a step ask. */
export function questionsOf({
  baseline,
  sharedTimestep,
}: Pick<GuidanceSettings, 'baseline' | 'sharedTimestep'>): Questions {
  const frozen = (text: TextName, level: LevelName): Query => ({ model: 'frozen', text, level });
  const cfg = sharedTimestep ? 'dm' : 'cfg';
  const baselines = {
    noise: null,
    fake: { model: 'fake', text: 'prompt', level: 'dm' },
    shifted: frozen('prompt', 'baseline'),
  } as const;
  return {
    conditional: frozen('prompt', 'dm'),
    cfgUnconditional: frozen('negative', cfg),
    cfgConditional: frozen('prompt', cfg),
    baseline: baselines[baseline],
  };
}

/** The questions to one model, each once: its batch. */
export function batchOf(questions: Questions, model: Query['model']): readonly Query[] {
  const asked = Object.values(questions).filter((query: Query | null) => query?.model === model);
  return asked.filter((query, i) => slotOf(asked, query) === i);
}

/** The place of a question in a batch; -1 if it is not asked. */
export const slotOf = (batch: readonly Query[], { model, text, level }: Query): number =>
  batch.findIndex((other) => other.model === model && other.text === text && other.level === level);

/** What a step asks of the frozen denoiser ε_φ; runs of one engine take turns with it. */
export type FrozenScore = Pick<Denoiser, 'batch' | 'z' | 'prediction' | 'setText' | 'run'>;

/** What a step asks of the fake score ε_ψ, this run's own. */
export type TrainedScore = Pick<
  FakeScore,
  'z' | 'prediction' | 'target' | 'setText' | 'predict' | 'train'
>;

/** What a model is told for a text, as seen from the cameras of a step. */
export type Texts = (text: TextName, cameras: readonly Camera[]) => Conditioning;

/** What queries are told of a step. */
export interface QueryDraw {
  readonly seed: number;
  readonly step: number;
  /** The step whose noise is drawn. */
  readonly noiseStep: number;
  readonly cameras: readonly Camera[];
  readonly levels: Levels;
  /** τ'' of each of the fake score's own denoising steps. */
  readonly fakeLevels: readonly NoiseLevel[];
  readonly now: SettingsAt<GuidedRun>;
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
}

export interface QueriesParts {
  readonly questions: Questions;
  /** f32 [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  readonly denoiser: FrozenScore;
  readonly fake?: TrainedScore;
  readonly texts: Texts;
}

/** The questions of every step: noises the views for each, and asks each model for its batch. */
export class Queries implements Answers {
  readonly questions: Questions;
  readonly z: GPUBuffer;
  readonly prediction: GPUBuffer;
  readonly fakeZ?: GPUBuffer;
  readonly fakePrediction?: GPUBuffer;
  readonly #parts: QueriesParts;
  readonly #frozen: readonly Query[];
  readonly #fake: readonly Query[];
  readonly #noising: readonly { readonly batch: readonly Query[]; readonly noising: Noising }[];

  /** @throws RangeError when the denoiser's batch is not as large as the questions need. */
  constructor(gpu: Gpu, shape: GuidanceShape, parts: QueriesParts) {
    const { questions, input, denoiser, fake } = parts;
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
      noising: new Noising(gpu, shape, batch.length, { views: input, z }),
    });
    const noising = [noisingOf(this.#frozen, denoiser.z)];
    if (this.#fake.length > 0) {
      if (!fake) throw new Error('These settings ask a fake score, and there is none.');
      this.fakeZ = fake.z;
      this.fakePrediction = fake.prediction;
      noising.push(noisingOf(this.#fake, fake.z));
    }
    this.#noising = noising;
  }

  /** Predictions that a step asks for. */
  get calls(): number {
    return this.#frozen.length + this.#fake.length;
  }

  /** Records z_τ of every question. */
  noise(work: Work, { seed, noiseStep, levels }: QueryDraw): void {
    for (const { batch, noising } of this.#noising) {
      noising.begin(seed, noiseStep, levelsOf(batch, levels));
      noising.record(work.pass);
    }
  }

  /** Asks about what was submitted; work submitted after it resolves sees the answers. */
  async ask({ cameras, levels }: QueryDraw): Promise<void> {
    const { denoiser, fake, texts } = this.#parts;
    const view = cameraMatrices(cameras);
    this.#frozen.forEach(({ text }, slot) => {
      denoiser.setText(slot, texts(text, cameras));
    });
    const timesteps = levelsOf(this.#frozen, levels).map(({ timestep }) => timestep);
    await denoiser.run({ timesteps, cameras: view });
    for (const { text, level } of this.#fake) {
      fake?.setText(texts(text, cameras));
      await fake?.predict({ timestep: levels[level].timestep, cameras: view });
    }
  }

  dispose(): void {
    for (const { noising } of this.#noising) noising.dispose();
  }
}

const levelsOf = (batch: readonly Query[], levels: Levels): NoiseLevel[] =>
  batch.map(({ level }) => levels[level]);
