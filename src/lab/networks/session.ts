/** Graphs in onnxruntime, called with plain arrays. */
import type * as OrtModule from 'onnxruntime-web';
import { type StaticGraph, write } from '#onnx';

/** onnxruntime, of the browser or of Node. */
export type Ort = Pick<typeof OrtModule, 'InferenceSession' | 'Tensor'>;

export type Feeds = Readonly<Record<string, Float32Array>>;

/** onnxruntime-web never settles, or crashes, when two of its calls overlap: they take turns. */
let last: Promise<unknown> = Promise.resolve();
function inTurn<T>(task: () => Promise<T>): Promise<T> {
  const result = last.then(task, task);
  last = result.catch(() => {});
  return result;
}

export class GraphSession {
  readonly #ort: Ort;
  readonly #session: OrtModule.InferenceSession;
  readonly #graph: StaticGraph;

  private constructor(ort: Ort, session: OrtModule.InferenceSession, graph: StaticGraph) {
    this.#ort = ort;
    this.#session = session;
    this.#graph = graph;
  }

  static async create(ort: Ort, graph: StaticGraph): Promise<GraphSession> {
    const options = { intraOpNumThreads: 1, logSeverityLevel: 3 } as const;
    const model = write(graph);
    const session = await inTurn(() => ort.InferenceSession.create(model, options));
    return new GraphSession(ort, session, graph);
  }

  /** @param feeds float32, one for each input of the graph. */
  run(feeds: Feeds): Promise<Record<string, Float32Array>> {
    const tensors = Object.fromEntries(
      this.#graph.inputs.map(({ name }) => {
        const { shape } = this.#graph.types.get(name)!;
        return [name, new this.#ort.Tensor('float32', feeds[name]!, shape)] as const;
      }),
    );
    return inTurn(async () => {
      const results = await this.#session.run(tensors);
      return Object.fromEntries(
        Object.entries(results).map(([name, { data }]) => [name, data as Float32Array]),
      );
    });
  }

  dispose(): Promise<void> {
    return inTurn(() => this.#session.release());
  }
}
