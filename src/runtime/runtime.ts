import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { BackendKind, OrtBackend, OrtModule } from './backend';
import { checkSignature, describeLoadError, type Signature } from './signature';
import { GpuValue, HostValue, MirroredValue, type SharedValue, type Value } from './values';

/**
 * The one owner of onnxruntime in a process: of its sessions, and of the turn-taking between them, since
 * onnxruntime-web never settles, or crashes, when two calls overlap.
 */
export class Runtime {
  readonly gpu: Gpu;
  readonly #backend: OrtBackend;
  readonly #readback: Readback;
  readonly #sessions = new Set<Session>();
  #last: Promise<unknown> = Promise.resolve();

  constructor(gpu: Gpu, backend: OrtBackend) {
    this.gpu = gpu;
    this.#backend = backend;
    this.#readback = new Readback(gpu);
  }

  get kind(): BackendKind {
    return this.#backend.kind;
  }

  get description(): string {
    return this.#backend.description;
  }

  /**
   * Makes a session of a network for `Session.run`: it runs where the back end is.
   *
   * @param name the model's name in messages.
   * @param signature the inputs and outputs that the model must have.
   * @param dimensions lengths of the file's named dimensions, fixed so that shapes are static.
   * @throws ModelError naming an operator that onnxruntime lacks, or a tensor that differs from `signature`.
   */
  async load(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>> = {},
  ): Promise<Session> {
    return this.#make(name, model, signature, dimensions, this.#backend.options);
  }

  /** The same of a model for `Session.evaluate`: it runs on the CPU, whatever the back end. */
  async loadForHost(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>> = {},
  ): Promise<Session> {
    return this.#make(name, model, signature, dimensions, this.#backend.hostOptions);
  }

  async #make(
    name: string,
    model: Uint8Array,
    signature: Signature,
    dimensions: Readonly<Record<string, number>>,
    where: InferenceSession.SessionOptions,
  ): Promise<Session> {
    const options = { ...where, freeDimensionOverrides: dimensions };
    const inner = await this.#inTurn(() =>
      this.#backend.ort.InferenceSession.create(model, options).catch((error: unknown) => {
        throw describeLoadError(name, error);
      }),
    );
    const session = new Session(name, inner, this.#backend.ort, (task) => this.#inTurn(task));
    this.#sessions.add(session);
    checkSignature(name, inner, signature, dimensions);
    return session;
  }

  /** A zeroed f32 tensor that compute shaders and networks both see. Networks run after what was submitted before. */
  shared(name: string, dims: readonly number[]): SharedValue {
    const { ort, kind } = this.#backend;
    if (kind === 'webgpu') return new GpuValue(this.gpu, this.#readback, ort, name, dims);
    return new MirroredValue(this.gpu, this.#readback, ort, name, dims);
  }

  /** A zeroed f32 tensor for networks and the host only; it stays where networks run. */
  value(name: string, dims: readonly number[]): Value {
    const { ort, kind } = this.#backend;
    if (kind === 'webgpu') return new GpuValue(this.gpu, this.#readback, ort, name, dims);
    return new HostValue(ort, dims);
  }

  async dispose(): Promise<void> {
    for (const session of this.#sessions) await session.dispose();
    this.#sessions.clear();
    this.#readback.dispose();
  }

  #inTurn<T>(task: () => Promise<T>): Promise<T> {
    const result = this.#last.then(task, task);
    this.#last = result.catch(() => {});
    return result;
  }
}

/** An array for `Session.evaluate`. */
export interface HostArray {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** One loaded model. */
export class Session {
  readonly #name: string;
  readonly #inner: InferenceSession;
  readonly #ort: OrtModule;
  readonly #inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  #disposed: Promise<void> | undefined;

  constructor(
    name: string,
    inner: InferenceSession,
    ort: OrtModule,
    inTurn: <T>(task: () => Promise<T>) => Promise<T>,
  ) {
    this.#name = name;
    this.#inner = inner;
    this.#ort = ort;
    this.#inTurn = inTurn;
  }

  /**
   * Runs the model from values into values; no value may be both. On the shared device this resolves when the
   * work is submitted, so that later submissions of ours see the outputs.
   */
  async run(
    inputs: Readonly<Record<string, Value>>,
    outputs: Readonly<Record<string, Value>>,
  ): Promise<void> {
    await Promise.all(Object.values(inputs).map((value) => value.fetch()));
    const feeds = mapValues(inputs, (value) => value.tensor);
    const fetches = mapValues(outputs, (value) => value.destination);
    const results = await this.#inTurn(() => this.#inner.run(feeds, fetches));
    for (const [name, value] of Object.entries(outputs)) value.accept(results[name] as Tensor);
  }

  /** Runs the model from host arrays to host arrays: for what is not part of a step. */
  async evaluate(inputs: Readonly<Record<string, HostArray>>) {
    const feeds = mapValues(
      inputs,
      ({ data, dims }) =>
        new this.#ort.Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, dims),
    );
    const results = await this.#inTurn(() => this.#inner.run(feeds));
    return (output: string): Float32Array => {
      const data = (results[output] as Tensor | undefined)?.data;
      if (!(data instanceof Float32Array)) {
        throw new Error(`${this.#name} has no float32 output '${output}'.`);
      }
      return data;
    };
  }

  /** Waits for its turn, then frees the session. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#inTurn(() => this.#inner.release());
    return this.#disposed;
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (a: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
