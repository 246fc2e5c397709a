/** Runs graphs on onnxruntime's CPU provider and compares gradients with finite differences. */
import * as ort from 'onnxruntime-node';
import { expect } from 'vitest';
import { differentiate, type Graph, type StaticGraph, write } from '#onnx';

export type Feed = Float32Array | BigInt64Array | Uint8Array | Float64Array;
export type Feeds = Readonly<Record<string, Feed>>;

/** A graph in a session, called with plain arrays. */
export class GraphSession {
  readonly #session: ort.InferenceSession;
  readonly #graph: Graph;

  private constructor(session: ort.InferenceSession, graph: Graph) {
    this.#session = session;
    this.#graph = graph;
  }

  static async create(
    graph: Graph,
    options: ort.InferenceSession.SessionOptions = {},
  ): Promise<GraphSession> {
    const session = await ort.InferenceSession.create(write(graph), {
      ...{ intraOpNumThreads: 1, logSeverityLevel: 3, ...options },
    });
    return new GraphSession(session, graph);
  }

  async run(feeds: Feeds): Promise<Record<string, Float32Array>> {
    const tensors: Record<string, ort.Tensor> = {};
    for (const { name, dataType, shape } of this.#graph.inputs) {
      const feed = feeds[name];
      if (!feed) throw new Error(`no feed for input "${name}"`);
      tensors[name] = new ort.Tensor(
        dataType as 'float32',
        feed as Float32Array,
        shape as number[],
      );
    }
    const results = await this.#session.run(tensors);
    return Object.fromEntries(
      Object.entries(results).map(([name, tensor]) => [name, tensor.data as Float32Array]),
    );
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}

/** Reproducible numbers in [-1, 1) (mulberry32). */
export function random(count: number, seed: number): Float32Array<ArrayBuffer> {
  let state = seed * 0x9e3779b9;
  return Float32Array.from({ length: count }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 31 - 1;
  });
}

export function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

export function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));
}

/** Largest difference relative to the largest magnitude of the reference. */
export function relativeError(a: ArrayLike<number>, reference: ArrayLike<number>): number {
  const list = Array.from(reference);
  const scale = list.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return list.reduce((most, value, i) => Math.max(most, Math.abs(value - a[i]!)), 0) / scale;
}

/**
 * The gradient of <seed, first output> by an input, by central differences of fp32 runs summed in f64.
 * @param directions number of random directions to probe instead of every element.
 */
async function differences(
  session: GraphSession,
  feeds: Feeds,
  by: string,
  output: string,
  seed: Float32Array,
  epsilon: number,
): Promise<Float64Array> {
  const point = feeds[by] as Float32Array;
  const result = new Float64Array(point.length);
  for (let i = 0; i < point.length; i++) {
    const moved = async (step: number) => {
      const at = point.slice();
      at[i]! += step;
      const y = (await session.run({ ...feeds, [by]: at }))[output]!;
      return [dot(y, seed), at[i]!] as const;
    };
    const [high, low] = [await moved(epsilon), await moved(-epsilon)];
    result[i] = (high[0] - low[0]) / (high[1] - low[1]);
  }
  return result;
}

/**
 * Checks the emitted gradient of a graph's first output, by each named input, against central differences.
 * @returns the gradients, for checks of one's own.
 */
export async function checkGradient(
  graph: StaticGraph,
  feeds: Feeds,
  withRespectTo: readonly string[],
  { epsilon = 1e-2, tolerance = 5e-3 } = {},
): Promise<Record<string, Float32Array>> {
  const output = graph.outputs[0]!;
  const size = graph.types.get(output.name)!.shape.reduce((a, b) => a * b, 1);
  const seed = random(size, 99);
  const { graph: backward, gradients } = differentiate(graph, {
    of: { [output.name]: 'seed' },
    withRespectTo,
  });
  const forward = await GraphSession.create(graph);
  const session = await GraphSession.create(backward);
  const results = await session.run({ ...feeds, seed });
  const found: Record<string, Float32Array> = {};
  for (const name of withRespectTo) {
    const gradient = results[gradients[name]!]!;
    const reference = await differences(forward, feeds, name, output.name, seed, epsilon);
    expect(gradient.length, `length of the gradient by ${name}`).toBe(reference.length);
    expect(cosine(gradient, reference), `cosine by ${name}`).toBeGreaterThan(0.9999);
    expect(relativeError(gradient, reference), `error by ${name}`).toBeLessThan(tolerance);
    found[name] = gradient;
  }
  await forward.dispose();
  await session.dispose();
  return found;
}

/**
 * Runs a graph with every value as an output, and compares their shapes with the inferred ones.
 * @returns how many were compared.
 */
export async function checkShapes(
  graph: StaticGraph,
  feeds: Record<string, Float32Array>,
): Promise<number> {
  const values = [...new Set(graph.nodes.flatMap((node) => node.outputs))].filter((v) => v !== '');
  const outputs = values.map((name) => ({ name, ...graph.types.get(name)! }));
  const session = await ort.InferenceSession.create(write({ ...graph, outputs }), {
    graphOptimizationLevel: 'disabled',
    logSeverityLevel: 3,
  });
  const tensors = graph.inputs.map(
    ({ name, shape }) =>
      [name, new ort.Tensor('float32', feeds[name]!, shape as number[])] as const,
  );
  const results = await session.run(Object.fromEntries(tensors));
  for (const { name, shape, dataType } of outputs) {
    expect([name, results[name]!.dims, results[name]!.type]).toEqual([name, shape, dataType]);
  }
  await session.release();
  return outputs.length;
}

/** Feeds for all inputs of a graph, uniform in [low, high). */
export function randomFeeds(graph: StaticGraph, low = -1, high = 1): Record<string, Float32Array> {
  return Object.fromEntries(
    graph.inputs.map(({ name }, i) => {
      const size = graph.types.get(name)!.shape.reduce((a, b) => a * b, 1);
      const values = random(size, i + 1);
      return [name, values.map((value) => low + ((value + 1) / 2) * (high - low))];
    }),
  );
}
