import type { InferenceSession } from 'onnxruntime-web';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { BackendKind, OrtBackend } from './backend';
import { NetworkSession, type SessionOwner } from './network_session';
import { checkSignature, describeLoadError, type Signature } from './signature';
import { GpuValue, HostValue, MirroredValue, type SharedValue, type TensorValue } from './values';

/**
 * The one owner of onnxruntime in a process: of its sessions, and of the turn-taking between them, since
 * onnxruntime-web never settles, or crashes, when two calls overlap.
 */
export class Runtime {
  readonly gpu: Gpu;
  readonly #backend: OrtBackend;
  readonly #readback: Readback;
  /** Sessions that are not freed yet. */
  readonly #sessions = new Set<NetworkSession>();
  readonly #owner: SessionOwner;
  #last: Promise<unknown> = Promise.resolve();

  constructor(gpu: Gpu, backend: OrtBackend) {
    this.gpu = gpu;
    this.#backend = backend;
    this.#readback = new Readback(gpu);
    this.#owner = {
      ort: backend.ort,
      inTurn: (task) => this.#inTurn(task),
      forget: (session) => this.#sessions.delete(session),
    };
  }

  get kind(): BackendKind {
    return this.#backend.kind;
  }

  get description(): string {
    return this.#backend.description;
  }

  /** How many networks are loaded and not yet freed. */
  get loadedNetworks(): number {
    return this.#sessions.size;
  }

  /**
   * Makes a session of a network for `NetworkSession.run`: it runs where the back end is.
   *
   * @param name the model's name in messages.
   * @param signature the inputs and outputs that the model must have.
   * @param dimensions lengths of the file's named dimensions, fixed so that shapes are static.
   * @throws LimbeckError naming an operator that onnxruntime lacks, or a tensor that differs from `signature`.
   */
  async load(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>> = {},
  ): Promise<NetworkSession> {
    return this.#make(name, model, signature, dimensions, this.#backend.options);
  }

  /** The same of a model for `NetworkSession.evaluate`: it runs on the CPU, whatever the back end. */
  async loadForHost(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>> = {},
  ): Promise<NetworkSession> {
    return this.#make(name, model, signature, dimensions, this.#backend.hostOptions);
  }

  async #make(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>>,
    where: InferenceSession.SessionOptions,
  ): Promise<NetworkSession> {
    const options = { ...where, freeDimensionOverrides: dimensions };
    const inner = await this.#inTurn(() =>
      this.#backend.ort.InferenceSession.create(model, options).catch((error: unknown) => {
        throw describeLoadError(name, error);
      }),
    );
    try {
      checkSignature(name, inner, signature, dimensions);
    } catch (error) {
      await this.#inTurn(() => inner.release());
      throw error;
    }
    const session = new NetworkSession(name, inner, this.#owner);
    this.#sessions.add(session);
    return session;
  }

  /** A zeroed f32 tensor that compute shaders and networks both see. Networks run after what was submitted before. */
  shared(name: string, dims: readonly number[]): SharedValue {
    const { ort, kind } = this.#backend;
    if (kind === 'webgpu') return new GpuValue(this.gpu, this.#readback, ort, name, dims);
    return new MirroredValue(this.gpu, this.#readback, ort, name, dims);
  }

  /** A zeroed f32 tensor for networks and the host only; it stays where networks run. */
  value(name: string, dims: readonly number[]): TensorValue {
    const { ort, kind } = this.#backend;
    if (kind === 'webgpu') return new GpuValue(this.gpu, this.#readback, ort, name, dims);
    return new HostValue(ort, dims);
  }

  /** Frees every network that is still loaded, in turn. */
  async dispose(): Promise<void> {
    for (const session of [...this.#sessions]) await session.dispose();
    this.#readback.dispose();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => {});
    return result;
  }
}
