import { differentiate, Expressions, inferShapes, read, write } from '#onnx';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { RetrievalFiles } from './files';
import { resizedGradient, resizedViews, type SquareViews } from './views';

/** What is asked about one object. */
export interface RewardQuestion {
  /** Of the number that the network was made for, at any size. */
  readonly seen: SquareViews;
  /** Unit sentence features [N, pooled] of captions; see `Sentences`. */
  readonly sentences: Float32Array;
}

/** A reward and how it changes with the views. */
export interface RewardGradient {
  /** log p(caption 0 | views) among the N captions. */
  readonly value: number;
  /** f32 [V, 4, H, W]: ∂ value / ∂ views. */
  readonly gradient: Float32Array;
}

/**
 * The reward of views as a function that can be climbed: the log probability of the first of N captions, and its
 * gradient by the views, a graph that `src/onnx` made of the network's.
 */
export class DifferentiableReward {
  readonly #session: NetworkSession;
  readonly #side: number;
  readonly #captions: number;

  private constructor(session: NetworkSession, side: number, captions: number) {
    this.#session = session;
    this.#side = side;
    this.#captions = captions;
  }

  /**
   * @param views V.
   * @param captions N.
   * @throws LimbeckError when the network cannot be loaded.
   * @throws OnnxError when it cannot be differentiated.
   */
  static async load(
    runtime: Runtime,
    { manifest, network }: Pick<RetrievalFiles, 'manifest' | 'network'>,
    views: number,
    captions: number,
  ): Promise<DifferentiableReward> {
    const { resolution, text } = manifest;
    const { path } = manifest.files.network;
    const graph = inferShapes(read(network, path), { V: views, N: captions });
    const g = new Expressions(graph);
    g.clearOutputs();
    // log softmax of the scores, at the prompt's place
    const all = g.op('LogSoftmax', [g.reshape('scores', [1, captions])], { axis: 1 });
    g.output(g.reshape(g.slice(all, 1, 0, 1), []), 'value');
    const built = differentiate(g.build(), { of: 'value', withRespectTo: ['views'] });
    const seen = [views, 4, resolution, resolution];
    const session = await runtime.loadForHost(path, write(built.graph), {
      inputs: { views: seen, sentences: [captions, text.pooled] },
      outputs: { value: [], [built.gradients.views!]: seen },
    });
    return new DifferentiableReward(session, resolution, captions);
  }

  async evaluate({ seen, sentences }: RewardQuestion): Promise<RewardGradient> {
    const side = this.#side;
    const captions = this.#captions;
    const output = await this.#session.evaluate({
      views: { data: resizedViews(seen, side), dims: [seen.count, 4, side, side] },
      sentences: { data: sentences, dims: [captions, sentences.length / captions] },
    });
    return {
      value: output('value')[0]!,
      gradient: resizedGradient(output('gradient/views'), seen, side),
    };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
