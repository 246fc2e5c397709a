import type { InferenceSession, Tensor } from 'onnxruntime-web';
import type { OrtModule } from './backend';
import type { TensorValue } from './values';

/** An array for `NetworkSession.evaluate`. */
export interface HostArray {
  readonly data: Float32Array | BigInt64Array;
  readonly dims: readonly number[];
}

/** What a session asks of the runtime that made it. */
export interface SessionOwner {
  readonly ort: OrtModule;
  /** Runs a task when every call of onnxruntime before it has ended. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  /** Forgets a session that was freed. */
  readonly forget: (session: NetworkSession) => void;
}

/** One network in an onnxruntime session; made by `Runtime.load` or `Runtime.loadForHost`. */
export class NetworkSession {
  readonly #name: string;
  readonly #inner: InferenceSession;
  readonly #owner: SessionOwner;
  #disposed: Promise<void> | undefined;
  #runs = 0;

  constructor(name: string, inner: InferenceSession, owner: SessionOwner) {
    this.#name = name;
    this.#inner = inner;
    this.#owner = owner;
  }

  /** How often the network was run from values into values. */
  get runs(): number {
    return this.#runs;
  }

  /**
   * Runs the network from values into values; no value may be both. On the shared device this resolves when the
   * work is submitted, so that later submissions of ours see the outputs.
   */
  async run(
    inputs: Readonly<Record<string, TensorValue>>,
    outputs: Readonly<Record<string, TensorValue>>,
  ): Promise<void> {
    await Promise.all(Object.values(inputs).map((value) => value.fetch()));
    const feeds = mapValues(inputs, (value) => value.tensor);
    const fetches = mapValues(outputs, (value) => value.destination);
    const results = await this.#owner.inTurn(() => this.#inner.run(feeds, fetches));
    for (const [name, value] of Object.entries(outputs)) value.accept(results[name] as Tensor);
    this.#runs++;
  }

  /**
   * Runs the network from host arrays to host arrays: for what is not part of a step.
   * @returns the elements of a float32 output by its name.
   */
  async evaluate(inputs: Readonly<Record<string, HostArray>>) {
    const { ort, inTurn } = this.#owner;
    const feeds = mapValues(
      inputs,
      ({ data, dims }) =>
        new ort.Tensor(data instanceof Float32Array ? 'float32' : 'int64', data, dims),
    );
    const results = await inTurn(() => this.#inner.run(feeds));
    return (output: string): Float32Array => {
      const data = (results[output] as Tensor | undefined)?.data;
      if (!(data instanceof Float32Array)) {
        throw new Error(`${this.#name} has no float32 output '${output}'.`);
      }
      return data;
    };
  }

  /** Waits for its turn, then frees the session; a second call frees nothing more. */
  dispose(): Promise<void> {
    this.#disposed ??= this.#owner
      .inTurn(() => this.#inner.release())
      .then(() => this.#owner.forget(this));
    return this.#disposed;
  }
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, f: (a: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}
