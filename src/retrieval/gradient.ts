import { differentiate, Expressions, inferShapes, read, write } from '#onnx';
import { LimbeckError } from '../errors';
import type { NetworkSession } from '../runtime/network_session';
import type { Runtime } from '../runtime/runtime';
import type { RetrievalFiles } from './network';

/** What is asked about one object. */
export interface RewardQuestion {
  /** f32 [V, 4, H, W], premultiplied, in [0, 1]. */
  readonly views: Float32Array;
  /** Unit sentence features [N, pooled] of captions; see `Retrieval.sentences`. */
  readonly sentences: Float32Array;
}

/** A reward and how it changes with the views. */
export interface RewardGradient {
  /** log p(caption 0 | views) among the N captions. */
  readonly value: number;
  /** f32 [V, 4, H, W]: ∂ value / ∂ views. */
  readonly gradient: Float32Array;
}

type RewardDims = Readonly<Record<'views' | 'sentences', readonly number[]>>;

/**
 * The reward of views as a function that can be climbed: the log probability of the first of N captions, and its
 * gradient by the views, a graph that `src/onnx` made of the network's.
 */
export class DifferentiableReward {
  readonly #session: NetworkSession;
  readonly #dims: RewardDims;

  private constructor(session: NetworkSession, dims: RewardDims) {
    this.#session = session;
    this.#dims = dims;
  }

  /**
   * @param views how many there are, and their side in pixels.
   * @param captions N.
   * @throws LimbeckError when the network takes views of another size or cannot be loaded.
   * @throws OnnxError when it cannot be differentiated.
   */
  static async load(
    runtime: Runtime,
    { manifest, network }: Pick<RetrievalFiles, 'manifest' | 'network'>,
    views: { readonly count: number; readonly size: number },
    captions: number,
  ): Promise<DifferentiableReward> {
    const { resolution, text } = manifest;
    const { path } = manifest.files.network;
    if (views.size !== resolution) {
      throw new LimbeckError(
        `${manifest.name} takes views of ${resolution} pixels, not of ${views.size}.`,
        `Choose a prior of ${resolution} pixels, or a reward of another size.`,
      );
    }
    const graph = inferShapes(read(network, path), { V: views.count, N: captions });
    const g = new Expressions(graph);
    g.clearOutputs();
    // log softmax of the scores, at the prompt's place
    const all = g.op('LogSoftmax', [g.reshape('scores', [1, captions])], { axis: 1 });
    g.output(g.reshape(g.slice(all, 1, 0, 1), []), 'value');
    const built = differentiate(g.build(), { of: 'value', withRespectTo: ['views'] });
    const dims = {
      views: [views.count, 4, resolution, resolution],
      sentences: [captions, text.pooled],
    };
    const session = await runtime.loadForHost(path, write(built.graph), {
      inputs: dims,
      outputs: { value: [], [built.gradients.views!]: dims.views },
    });
    return new DifferentiableReward(session, dims);
  }

  async evaluate({ views, sentences }: RewardQuestion): Promise<RewardGradient> {
    const output = await this.#session.evaluate({
      views: { data: views, dims: this.#dims.views },
      sentences: { data: sentences, dims: this.#dims.sentences },
    });
    return { value: output('value')[0]!, gradient: output('gradient/views') };
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
