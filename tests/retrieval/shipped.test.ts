import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { LocalFiles } from '../../src/prior/files';
import { loadRetrieval } from '../../src/retrieval/files';
import { DifferentiableReward } from '../../src/retrieval/gradient';
import { Retrieval } from '../../src/retrieval/network';
import { poolOf, rankOfFirst } from '../../src/retrieval/pool';
import { Sentences } from '../../src/retrieval/sentences';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { drawn } from '../eval/pictures';
import { openTestGpu } from '../gpu';

let runtime: Runtime;

beforeAll(async () => {
  const { gpu } = await openTestGpu();
  runtime = new Runtime(gpu, await openNodeBackend(gpu, 'cpu', 1));
});
afterAll(() => runtime.dispose());

const filesOf = (name: string) =>
  loadRetrieval(new LocalFiles(`models/${name}`, readFile), `models/${name}`);

/** A round red thing with a short brown stalk, from four sides that differ in their light. */
const apple = drawn(
  64,
  (x, y, view) => {
    if (Math.abs(x) < 2 && y < -16 && y > -26) return [0.35, 0.2, 0.1, 1];
    const light = 0.75 - 0.01 * (x + y) + 0.03 * Math.sin((1 + view) * x + y);
    return [light, 0.08, 0.08, Math.hypot(x, y) < 19 ? 1 : 0];
  },
  4,
);

test.each(['scorer', 'reward'])(
  'the %s that ships knows an apple when it sees one',
  async (name) => {
    const judge = await Retrieval.load(runtime, await filesOf(name));
    expect(judge.manifest.accuracy.top1).toBeGreaterThan(0.5);
    const pool = poolOf('a red apple', judge.captions, 100);
    expect(pool).toHaveLength(100);
    const { scores, embedding } = await judge.judge(apple, pool);
    expect(rankOfFirst(scores)).toBeLessThan(5);
    expect(Math.hypot(...embedding)).toBeCloseTo(1, 4);
    await judge.dispose();
  },
);

test("the reward's gradient by the views climbs", async () => {
  const files = await filesOf('reward');
  const features = await Sentences.load(runtime, files);
  const sentences = await features.of(['a green cactus', 'a red apple', 'a house']);
  const reward = await DifferentiableReward.load(runtime, files, 4, 3);
  const { value, gradient } = await reward.evaluate({ seen: apple, sentences });
  const length = Math.hypot(...gradient);
  expect(length).toBeGreaterThan(0);
  const moved = apple.views.map((x, i) => x + (0.005 * gradient[i]!) / length);
  const after = await reward.evaluate({ seen: { ...apple, views: moved }, sentences });
  const expected = 0.005 * length;
  expect(after.value - value).toBeGreaterThan(0.5 * expected);
  expect(after.value - value).toBeLessThan(1.5 * expected);
  await reward.dispose();
  await features.dispose();
});
