import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LocalFiles } from '../../src/prior/files';
import { normal } from '../../src/random';
import { loadRetrieval } from '../../src/retrieval/files';
import { DifferentiableReward } from '../../src/retrieval/gradient';
import { Retrieval } from '../../src/retrieval/network';
import { logShareOfFirst } from '../../src/retrieval/pool';
import { Sentences } from '../../src/retrieval/sentences';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { drawn } from '../eval/pictures';
import { openTestGpu, type TestGpu } from '../gpu';
import { tinyCaptions, tinySizes, writeTinyRetrieval } from './tiny_retrieval';

let folder: string;
let t: TestGpu;
let runtime: Runtime;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-retrieval-'));
  await writeTinyRetrieval(folder);
  t = await openTestGpu();
  runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, 'cpu', 1));
});
afterAll(async () => {
  await runtime.dispose();
  await rm(folder, { recursive: true });
});

const filesIn = (name: string) => loadRetrieval(new LocalFiles(name, readFile), name);
const red = drawn(8, () => [1, 0, 0, 1], 3);

describe('a network that judges', () => {
  test('scores captions from any number of views of any size', async () => {
    const judge = await Retrieval.load(runtime, await filesIn(folder));
    expect(judge.captions).toEqual(tinyCaptions);
    const captions = ['a red chair', 'a tree'];
    const { scores, embedding } = await judge.judge(red, captions);
    const half = Math.SQRT1_2;
    [half, 0, 0, half].forEach((value, c) => {
      expect(embedding[c]).toBeCloseTo(value, 5);
    });
    const sentences = await (await Sentences.load(runtime, await filesIn(folder))).of(captions);
    captions.forEach((_, i) => {
      const [first, , , last] = sentences.subarray(i * tinySizes.pooled);
      expect(scores[i]).toBeCloseTo(10 * half * (first! + last!), 4);
    });
    expect(
      (
        await judge.judge(
          drawn(4, () => [1, 0, 0, 1]),
          captions,
        )
      ).scores[0],
    ).toBeCloseTo(scores[0]!, 4);
    await judge.dispose();
  });

  const spoilt = async (name: string, change: (text: string) => string) => {
    const path = join(folder, name);
    const before = await readFile(path);
    await writeFile(path, change(before.toString('latin1')), 'latin1');
    const message = await filesIn(folder).then(
      () => 'no refusal',
      (error: Error) => error.message,
    );
    await writeFile(path, before);
    return message;
  };

  test('is refused when it is missing, altered, truncated, or no such network', async () => {
    await expect(filesIn('/nowhere')).rejects.toThrow('/nowhere/manifest.json cannot be read');
    expect(await spoilt('retrieval.onnx', (text) => text.replace('tiny', 'tuny'))).toMatch(
      /retrieval.onnx is not the file of its manifest/,
    );
    expect(await spoilt('captions.txt', (text) => text.slice(4))).toMatch(/captions.txt is trunc/);
    expect(await spoilt('manifest.json', () => '{"id": 7}')).toMatch(/judges views: id:/);
    expect(await spoilt('manifest.json', () => 'hello')).toMatch(/is not JSON/);
  });
});

test.each([
  ['of its own size', tinySizes.resolution],
  ['of other sizes', 7],
])(
  'the gradient of the log probability by views %s is that of finite differences',
  async (_, size) => {
    const files = await filesIn(folder);
    const judge = await Retrieval.load(runtime, files);
    const features = await Sentences.load(runtime, files);
    const sentences = await features.of(['a red chair', 'a tree', 'a lamp']);
    const shape = { count: 2, size };
    const reward = await DifferentiableReward.load(runtime, files, shape.count, 3);
    const ask = (views: Float32Array) => reward.evaluate({ seen: { views, ...shape }, sentences });
    const length = 2 * 4 * shape.size ** 2;
    const views = Float32Array.from({ length }, (_, i) => 0.5 + 0.2 * normal(1, 2, 3, i));
    const { value, gradient } = await ask(views);
    const { scores } = await judge.judge({ views, ...shape }, ['a red chair', 'a tree', 'a lamp']);
    expect(value).toBeCloseTo(logShareOfFirst(scores), 4);
    const direction = Float32Array.from({ length }, (_, i) => normal(4, 5, 6, i));
    const moved = async (by: number) => {
      const there = views.map((x, i) => x + by * direction[i]!);
      return (await ask(there)).value;
    };
    const step = 1e-2;
    const slope = ((await moved(step)) - (await moved(-step))) / (2 * step);
    const along = gradient.reduce((sum, g, i) => sum + g * direction[i]!, 0);
    expect(along).toBeCloseTo(slope, 2);
    expect(Math.abs(slope)).toBeGreaterThan(0.02);
    await reward.dispose();
    await features.dispose();
    await judge.dispose();
  },
);
