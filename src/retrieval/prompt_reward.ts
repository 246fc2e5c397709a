import type { Runtime } from '../runtime/runtime';
import type { RetrievalFiles } from './files';
import { DifferentiableReward, type RewardGradient } from './gradient';
import { poolOf } from './pool';
import { Sentences } from './sentences';

/** A prompt, and the views that are to show it. */
export interface RewardWish {
  readonly prompt: string;
  readonly count: number;
  /** Side in pixels. */
  readonly size: number;
}

/** The log probability of a prompt among a network's captions, as it can be climbed. */
export interface PromptReward {
  /** SHA-256 of the network. */
  readonly id: string;
  /** @param views f32 [count, 4, size, size], premultiplied, in [0, 1]. */
  evaluate(views: Float32Array): Promise<RewardGradient>;
}

/**
 * Rewards of prompts by one network, which is read when it is first asked for, and again where that failed. The runtime
 * frees what is loaded.
 */
export function promptRewards(read: () => Promise<RetrievalFiles>) {
  const files = kept((_: Runtime) => read());
  const sentences = kept(async (runtime: Runtime) => Sentences.load(runtime, await files(runtime)));
  const networks = kept(async (runtime: Runtime, views: number, captions: number) =>
    DifferentiableReward.load(runtime, await files(runtime), views, captions),
  );
  return async (runtime: Runtime, { prompt, count, size }: RewardWish): Promise<PromptReward> => {
    const { manifest, captions } = await files(runtime);
    const pool = poolOf(prompt, captions, manifest.accuracy.captions);
    const features = await (await sentences(runtime)).of(pool);
    const network = await networks(runtime, count, pool.length);
    return {
      id: manifest.files.network.sha256,
      evaluate: (views) => network.evaluate({ seen: { views, count, size }, sentences: features }),
    };
  };
}

/** What `make` makes of a runtime and numbers, once of each; a failure is not kept. */
function kept<N extends readonly number[], T>(make: (runtime: Runtime, ...of: N) => Promise<T>) {
  const made = new Map<string, Promise<T>>();
  return (runtime: Runtime, ...of: N): Promise<T> => {
    const key = of.join(' ');
    const one = made.get(key) ?? make(runtime, ...of);
    made.set(key, one);
    one.catch(() => made.delete(key));
    return one;
  };
}
