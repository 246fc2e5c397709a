import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { SharedValue, TensorValue } from '../runtime/values';
import type { Prior } from './files';
import { buildDenoiser, denoiserShapes } from './graphs';
import type { Manifest } from './manifest';
import type { Conditioning } from './text_encoder';

/** When and from where a batch is looked at. */
export interface View {
  /** One per batch entry [N], 0 to 999. */
  readonly timesteps: readonly number[];
  /**
   * c2w of each view, row-major 4x4: [V, 16] for the whole batch, or [N, V, 16]; zeros where a network is not to know.
   * Not every network is told them.
   */
  readonly cameras: Float32Array;
}

/** A denoiser's inputs other than z, held where the network runs. */
export class DenoiserInputs {
  readonly values: Readonly<Record<'timestep' | 'text' | 'text_mask', TensorValue>> & {
    readonly camera?: TensorValue;
    readonly exemplar?: TensorValue;
    readonly exemplar_shown?: TensorValue;
  };
  readonly #batch: number;
  readonly #views: number;

  constructor(runtime: Runtime, manifest: Manifest, batch: number, owner: string) {
    const shapes = denoiserShapes(manifest, batch);
    const value = (name: string, shape: readonly number[]) =>
      runtime.value(`${owner}.${name}`, shape);
    this.values = {
      timestep: value('timestep', shapes.timestep),
      text: value('text', shapes.text),
      text_mask: value('text_mask', shapes.text_mask),
      ...(shapes.camera && { camera: value('camera', shapes.camera) }),
      ...(shapes.exemplar && { exemplar: value('exemplar', shapes.exemplar) }),
      ...(shapes.exemplar_shown && {
        exemplar_shown: value('exemplar_shown', shapes.exemplar_shown),
      }),
    };
    this.#batch = batch;
    this.#views = manifest.views;
  }

  setText(index: number, { tokens, mask, exemplar }: Conditioning): void {
    this.values.text.write(tokens, index * tokens.length);
    this.values.text_mask.write(mask, index * mask.length);
    const shown = exemplar?.shown ?? new Float32Array(this.#views);
    this.values.exemplar_shown?.write(shown, index * shown.length);
    if (exemplar) this.values.exemplar?.write(exemplar.tokens, index * exemplar.tokens.length);
  }

  /** @throws RangeError when `timesteps` or `cameras` are not of the batch's size. */
  setView({ timesteps, cameras }: View): void {
    const { timestep, camera } = this.values;
    const floats = 16 * this.#views;
    const isEach = cameras.length === this.#batch * floats;
    if (timesteps.length !== this.#batch || (cameras.length !== floats && !isEach)) {
      throw new RangeError(
        `A batch of ${this.#batch} takes ${this.#batch} timesteps and ${floats} numbers of cameras, ` +
          `not ${timesteps.length} and ${cameras.length}.`,
      );
    }
    timestep.write(Float32Array.from(timesteps));
    for (let n = 0; n < this.#batch; n++) {
      const own = isEach ? cameras.subarray(n * floats, (n + 1) * floats) : cameras;
      camera?.write(own, n * floats);
    }
  }

  dispose(): void {
    for (const value of Object.values(this.values)) value.dispose();
  }
}

/**
 * The frozen denoiser eps_phi, for a fixed batch of N. Kernels write `z` and read `prediction`; which of v and
 * eps that is, the manifest says. Its buffers serve one caller at a time.
 */
export class Denoiser {
  readonly batch: number;
  readonly #session: NetworkSession;
  readonly #z: SharedValue;
  readonly #prediction: SharedValue;
  readonly #inputs: DenoiserInputs;

  private constructor(
    runtime: Runtime,
    session: NetworkSession,
    manifest: Manifest,
    batch: number,
  ) {
    const shapes = denoiserShapes(manifest, batch);
    this.batch = batch;
    this.#session = session;
    this.#z = runtime.shared('denoiser.z', shapes.z);
    this.#prediction = runtime.shared('denoiser.prediction', shapes.prediction);
    this.#inputs = new DenoiserInputs(runtime, manifest, batch, 'denoiser');
  }

  /** @throws LimbeckError when the file does not fit its manifest or onnxruntime. */
  static async load(runtime: Runtime, prior: Prior, batch: number): Promise<Denoiser> {
    const { path } = prior.manifest.files.denoiser;
    const { bytes, signature } = buildDenoiser(prior, batch);
    const session = await runtime.load(path, bytes, signature, { N: batch });
    return new Denoiser(runtime, session, prior.manifest, batch);
  }

  /** Noised views [N, V, C, H, W] f32. */
  get z(): GPUBuffer {
    return this.#z.buffer;
  }

  /** What the network predicts [N, V, C, H, W] f32. */
  get prediction(): GPUBuffer {
    return this.#prediction.buffer;
  }

  /** Questions answered: forward passes of all views for one text. */
  get answered(): number {
    return this.batch * this.#session.runs;
  }

  /** Conditions batch entry `index` from now on. */
  setText(index: number, conditioning: Conditioning): void {
    this.#inputs.setText(index, conditioning);
  }

  /** Predicts from what was submitted into `z`; work submitted after it resolves sees `prediction`. */
  async run(view: View): Promise<void> {
    this.#inputs.setView(view);
    const inputs = { z: this.#z, ...this.#inputs.values };
    await this.#session.run(inputs, { prediction: this.#prediction });
  }

  async dispose(): Promise<void> {
    await this.#session.dispose();
    for (const resource of [this.#z, this.#prediction, this.#inputs]) resource.dispose();
  }
}
