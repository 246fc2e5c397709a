import type { Lora } from '#onnx';
import { LimbeckError } from '../errors';
import { type Snapshot, storedArray } from '../gpu/snapshot';
import { normal, streams } from '../random';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { SharedValue, TensorValue } from '../runtime/values';
import { DenoiserInputs, type View } from './denoiser';
import type { Prior } from './files';
import { type BuiltModel, buildFakeGraphs, denoiserShapes } from './graphs';
import type { Manifest } from './manifest';
import type { Conditioning } from './text_encoder';

/** What the fake score is told of the views that it learns. */
export interface FakeTraining {
  readonly timestep: number;
  /** c2w of each view [V, 16], row-major 4x4; zeros where it is not to know. */
  readonly cameras: Float32Array;
  readonly text: Conditioning;
  readonly learningRate: number;
}

/** What one training step saw, before its update. */
export interface FakeReport {
  /** Mean squared error of the prediction. */
  readonly loss: number;
  /** Euclidean norm of the loss's gradient by the low-rank weights. */
  readonly gradientNorm: number;
}

/** Everything that training changes: `lora`, AdamW's moments `m` and `v`, and `step` [1], the steps taken. */
type FakeSnapshot = Readonly<Record<'lora' | 'm' | 'v' | 'step', Float32Array<ArrayBuffer>>>;

/** Low-rank weights and their moments, where the network runs. */
type Weights = Readonly<Record<'lora' | 'm' | 'v', TensorValue>>;

/**
 * The networks of fake scores of one rank and one number of questions. What training changes is their inputs and outputs, so that any number of
 * fake scores take turns with them.
 */
export class FakeNetworks {
  /** How many questions are answered at once. */
  readonly batch: number;
  readonly predictor: NetworkSession;
  readonly trainer: NetworkSession;
  readonly lora: Lora;
  readonly #runtime: Runtime;
  readonly #manifest: Manifest;

  private constructor(
    runtime: Runtime,
    manifest: Manifest,
    batch: number,
    lora: Lora,
    [predictor, trainer]: readonly [predictor: NetworkSession, trainer: NetworkSession],
  ) {
    this.#runtime = runtime;
    this.#manifest = manifest;
    this.batch = batch;
    this.lora = lora;
    this.predictor = predictor;
    this.trainer = trainer;
  }

  /**
   * @param rank of the low-rank weights; the manifest's unless given.
   * @param batch how many questions are answered at once.
   * @throws LimbeckError when the denoiser cannot be differentiated, lacks the manifest's LoRA targets, or
   *   onnxruntime cannot load the result.
   */
  static async load(
    runtime: Runtime,
    prior: Prior,
    rank = prior.manifest.lora.rank,
    batch = 1,
  ): Promise<FakeNetworks> {
    const { manifest } = prior;
    const graphs = buildFakeGraphs(prior, rank, batch);
    const { path } = manifest.files.denoiser;
    const load = (name: string, { bytes, signature }: BuiltModel) =>
      runtime.load(name, bytes, signature);
    const predictor = await load(`${path} with LoRA`, graphs.predict);
    const trainer = await load(`The training step of ${path}`, graphs.train).catch(
      async (error: unknown) => {
        await predictor.dispose();
        throw error;
      },
    );
    return new FakeNetworks(runtime, manifest, batch, graphs.lora, [predictor, trainer]);
  }

  /** A fake score at its start. @param seed draws its low-rank weights. */
  score(seed: number): FakeScore {
    return new FakeScore(this.#runtime, this.#manifest, this, seed);
  }

  async dispose(): Promise<void> {
    await this.predictor.dispose();
    await this.trainer.dispose();
  }
}

/**
 * The fake score eps_psi of variational score distillation (Wang et al. 2023, "ProlificDreamer", section 3.3):
 * the frozen denoiser plus LoRA, trained on the distilled views as they change, one set of views at a time.
 */
export class FakeScore {
  /** Length of the low-rank weights. */
  readonly size: number;
  readonly #networks: FakeNetworks;
  readonly #z: SharedValue;
  readonly #prediction: SharedValue;
  readonly #learned: SharedValue;
  readonly #target: SharedValue;
  readonly #asked: DenoiserInputs;
  readonly #taught: DenoiserInputs;
  readonly #scalars: Readonly<
    Record<'learning_rate' | 'step' | 'loss' | 'gradient_norm', TensorValue>
  >;
  /** The weights in use, and those that the next training step writes: a network may not write what it reads. */
  #current: Weights;
  #next: Weights;
  #step = 0;

  /** @param seed draws the low-rank weights to start from. */
  constructor(runtime: Runtime, manifest: Manifest, networks: FakeNetworks, seed: number) {
    const initial = networks.lora.initialise((k) => normal(seed, streams.loraInit, 0, k));
    const { batch } = networks;
    const asked = denoiserShapes(manifest, batch);
    const taught = denoiserShapes(manifest, 1);
    const scalar = (name: string) => runtime.value(`fake.${name}`, []);
    const vector = (name: string) => runtime.value(`fake.${name}`, [initial.length]);
    const weights = () => ({ lora: vector('lora'), m: vector('m'), v: vector('v') });
    this.size = initial.length;
    this.#networks = networks;
    this.#z = runtime.shared('fake.z', asked.z);
    this.#prediction = runtime.shared('fake.prediction', asked.prediction);
    this.#learned = runtime.shared('fake.learned', taught.z);
    this.#target = runtime.shared('fake.target', taught.prediction);
    this.#asked = new DenoiserInputs(runtime, manifest, batch, 'fake');
    this.#taught = new DenoiserInputs(runtime, manifest, 1, 'fake.taught');
    this.#scalars = {
      learning_rate: scalar('learning_rate'),
      step: scalar('step'),
      loss: scalar('loss'),
      gradient_norm: scalar('gradient_norm'),
    };
    this.#current = weights();
    this.#next = weights();
    this.#current.lora.write(initial);
  }

  /** Noised views [N, V, C, H, W] f32. */
  get z(): GPUBuffer {
    return this.#z.buffer;
  }

  /** What the network predicts of `z` [N, V, C, H, W] f32. */
  get prediction(): GPUBuffer {
    return this.#prediction.buffer;
  }

  /** Noised views to learn from [V, C, H, W] f32. */
  get learned(): GPUBuffer {
    return this.#learned.buffer;
  }

  /** What training makes it predict of `learned` [V, C, H, W] f32: v or eps, as the manifest says. */
  get target(): GPUBuffer {
    return this.#target.buffer;
  }

  /** Conditions question `index` from now on. */
  setText(index: number, conditioning: Conditioning): void {
    this.#asked.setText(index, conditioning);
  }

  /** Predicts from what was submitted into `z`; work submitted after it resolves sees `prediction`. */
  async predict(view: View): Promise<void> {
    this.#asked.setView(view);
    const inputs = { z: this.#z, ...this.#asked.values, lora: this.#current.lora };
    await this.#networks.predictor.run(inputs, { prediction: this.#prediction });
  }

  /**
   * One step of denoising score matching on what was submitted into `learned` and `target`.
   * @throws LimbeckError when the loss or its gradient is not finite; the weights are those of before.
   */
  async train({ timestep, cameras, text, learningRate }: FakeTraining): Promise<FakeReport> {
    const { learning_rate, step, loss, gradient_norm } = this.#scalars;
    this.#taught.setView({ timesteps: [timestep], cameras });
    this.#taught.setText(0, text);
    learning_rate.write(Float32Array.of(learningRate));
    step.write(Float32Array.of(this.#step + 1));
    await this.#networks.trainer.run(
      {
        z: this.#learned,
        target: this.#target,
        ...this.#taught.values,
        ...this.#current,
        learning_rate,
        step,
      },
      {
        loss,
        gradient_norm,
        'next/parameters': this.#next.lora,
        'next/m': this.#next.m,
        'next/v': this.#next.v,
      },
    );
    const [[found], [norm]] = await Promise.all([loss.read(), gradient_norm.read()]);
    if (!Number.isFinite(found) || !Number.isFinite(norm)) {
      throw new LimbeckError(
        `The fake score's loss is ${found} and its gradient's norm ${norm} at timestep ${timestep}: ` +
          'its weights were kept.',
        'Lower its learning rate (--fake.learningRate), or resume from the last checkpoint.',
      );
    }
    [this.#current, this.#next] = [this.#next, this.#current];
    this.#step++;
    return { loss: found!, gradientNorm: norm! };
  }

  /** A copy of all that training changed. */
  async snapshot(): Promise<FakeSnapshot> {
    const { lora, m, v } = this.#current;
    const copy = async (value: TensorValue) => new Float32Array(await value.read());
    const [loraCopy, mCopy, vCopy] = await Promise.all([copy(lora), copy(m), copy(v)]);
    return { lora: loraCopy, m: mCopy, v: vCopy, step: Float32Array.of(this.#step) };
  }

  /**
   * Goes on from a snapshot.
   * @throws LimbeckError when it is of another rank or another model; then nothing is set.
   */
  restore(snapshot: Snapshot): void {
    const of = (name: string, length: number) =>
      storedArray(snapshot, name, 'F32', length, 'The fake score');
    const names = ['lora', 'm', 'v'] as const;
    const arrays = names.map((name) => of(name, this.size));
    const [step] = of('step', 1);
    names.forEach((name, i) => {
      this.#current[name].write(arrays[i]!);
    });
    this.#step = step!;
  }

  dispose(): void {
    const shared = [this.#z, this.#prediction, this.#learned, this.#target];
    for (const held of [...shared, this.#asked, this.#taught]) held.dispose();
    for (const weights of [this.#current, this.#next, this.#scalars]) {
      for (const value of Object.values(weights)) value.dispose();
    }
  }
}
