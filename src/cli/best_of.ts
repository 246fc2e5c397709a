import type { StepReport } from '../protocol/reports';
import type { RetrievalFiles } from '../retrieval/files';
import { Retrieval } from '../retrieval/network';
import { logShareOfFirst, poolOf } from '../retrieval/pool';
import type { Settings } from '../settings';
import type { Engine, EngineRun } from '../train/engine';
import { say } from './machine';
import type { Options } from './options';

/** A run after its last step. */
export interface FinishedRun {
  readonly run: EngineRun;
  readonly steps: readonly StepReport[];
  readonly milliseconds: number;
}

/** What the reward says of a seed's object: the log probability of its prompt. */
export interface SeedReward {
  readonly seed: number;
  readonly reward: number;
}

/** Seeds follow one another and begin anew after the last there is. */
const seeds = 2 ** 32;

/**
 * Makes an object of each of several seeds and keeps the one whose prompt the reward finds most probable; of equals, the
 * first.
 */
export async function bestOf(
  engine: Engine,
  files: RetrievalFiles,
  { settings, bestOf: count }: Options,
  make: (settings: Settings) => Promise<FinishedRun>,
): Promise<{ best: FinishedRun; rewards: readonly SeedReward[] }> {
  const judge = await Retrieval.load(engine.runtime, files);
  const pool = poolOf(settings.prompt, judge.captions, judge.manifest.accuracy.captions);
  const rewards: SeedReward[] = [];
  let best: FinishedRun | undefined;
  let highest = Number.NEGATIVE_INFINITY;
  for (let n = 0; n < count; n++) {
    const seed = (settings.seed + n) % seeds;
    const made = await make({ ...settings, seed });
    const { scores } = await judge.judge(await made.run.generator.picture(), pool);
    const reward = logShareOfFirst(scores);
    rewards.push({ seed, reward });
    say(`seed ${seed}: log probability of the prompt ${reward.toFixed(2)}`);
    const isBetter = !best || reward > highest;
    (isBetter ? best : made)?.run.dispose();
    if (isBetter) [best, highest] = [made, reward];
  }
  await judge.dispose();
  return { best: best!, rewards };
}
