import type { Lora } from '#onnx';
import { LimbeckError } from '../errors';
import { type Snapshot, storedArray } from '../gpu/snapshot';
import { normal, streams } from '../random';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { SharedValue, TensorValue } from '../runtime/values';
import { DenoiserInputs } from './denoiser';
import type { Prior } from './files';
import { type BuiltModel, buildFakeGraphs, denoiserShapes } from './graphs';
import type { Manifest } from './manifest';
import type { Conditioning } from './text_encoder';

/** When and from where the views are looked at. */
export interface FakeView {
  /** 0 to 999. */
  readonly timestep: number;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
}

export interface FakeTraining extends FakeView {
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
 * The networks of fake scores of one rank. What training changes is their inputs and outputs, so that any number of
 * fake scores take turns with them.
 */
export class FakeNetworks {
  readonly predictor: NetworkSession;
  readonly trainer: NetworkSession;
  readonly lora: Lora;
  readonly #runtime: Runtime;
  readonly #manifest: Manifest;

  private constructor(
    runtime: Runtime,
    manifest: Manifest,
    lora: Lora,
    [predictor, trainer]: readonly [predictor: NetworkSession, trainer: NetworkSession],
  ) {
    this.#runtime = runtime;
    this.#manifest = manifest;
    this.lora = lora;
    this.predictor = predictor;
    this.trainer = trainer;
  }

  /**
   * @param rank of the low-rank weights; the manifest's unless given.
   * @throws LimbeckError when the denoiser cannot be differentiated, lacks the manifest's LoRA targets, or
   *   onnxruntime cannot load the result.
   */
  static async load(
    runtime: Runtime,
    prior: Prior,
    rank = prior.manifest.lora.rank,
  ): Promise<FakeNetworks> {
    const { manifest } = prior;
    const graphs = buildFakeGraphs(prior, rank);
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
    return new FakeNetworks(runtime, manifest, graphs.lora, [predictor, trainer]);
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
 * the frozen denoiser plus LoRA, trained on the distilled views as they change. It sees one batch entry.
 */
export class FakeScore {
  /** Length of the low-rank weights. */
  readonly size: number;
  readonly #networks: FakeNetworks;
  readonly #z: SharedValue;
  readonly #prediction: SharedValue;
  readonly #target: SharedValue;
  readonly #inputs: DenoiserInputs;
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
    const shapes = denoiserShapes(manifest, 1);
    const scalar = (name: string) => runtime.value(`fake.${name}`, []);
    const vector = (name: string) => runtime.value(`fake.${name}`, [initial.length]);
    const weights = () => ({ lora: vector('lora'), m: vector('m'), v: vector('v') });
    this.size = initial.length;
    this.#networks = networks;
    this.#z = runtime.shared('fake.z', shapes.z);
    this.#prediction = runtime.shared('fake.prediction', shapes.prediction);
    this.#target = runtime.shared('fake.target', shapes.prediction);
    this.#inputs = new DenoiserInputs(runtime, manifest, 1, 'fake');
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

  /** Noised views [V, C, H, W] f32. */
  get z(): GPUBuffer {
    return this.#z.buffer;
  }

  /** What the network predicts of `z` [V, C, H, W] f32. */
  get prediction(): GPUBuffer {
    return this.#prediction.buffer;
  }

  /** What training makes it predict of `z` [V, C, H, W] f32: v or eps, as the manifest says. */
  get target(): GPUBuffer {
    return this.#target.buffer;
  }

  setText(conditioning: Conditioning): void {
    this.#inputs.setText(0, conditioning);
  }

  /** Predicts from what was submitted into `z`; work submitted after it resolves sees `prediction`. */
  async predict({ timestep, cameras }: FakeView): Promise<void> {
    this.#inputs.setView({ timesteps: [timestep], cameras });
    const inputs = { z: this.#z, ...this.#inputs.values, lora: this.#current.lora };
    await this.#networks.predictor.run(inputs, { prediction: this.#prediction });
  }

  /**
   * One step of denoising score matching on what was submitted into `z` and `target`.
   * @throws LimbeckError when the loss or its gradient is not finite; the weights are those of before.
   */
  async train({ timestep, cameras, learningRate }: FakeTraining): Promise<FakeReport> {
    const { learning_rate, step, loss, gradient_norm } = this.#scalars;
    this.#inputs.setView({ timesteps: [timestep], cameras });
    learning_rate.write(Float32Array.of(learningRate));
    step.write(Float32Array.of(this.#step + 1));
    await this.#networks.trainer.run(
      {
        z: this.#z,
        target: this.#target,
        ...this.#inputs.values,
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
    for (const shared of [this.#z, this.#prediction, this.#target, this.#inputs]) shared.dispose();
    for (const weights of [this.#current, this.#next, this.#scalars]) {
      for (const value of Object.values(weights)) value.dispose();
    }
  }
}
