/** Gradients that compute parts of the forward pass again instead of keeping its values. */
import { describe, expect, test } from 'vitest';
import {
  differentiate,
  Expressions,
  inferShapes,
  injectLora,
  makeTensor,
  mse,
  peakMemory,
  type StaticGraph,
  trainingGraph,
} from '#onnx';
import { GraphSession, random, randomFeeds, relativeError } from './graph_session';

const [TOKENS, WIDTH, HEADS] = [48, 16, 2];

/** A transformer of `depth` layers on x [1, 48, 16], with attention and a hidden layer four times as wide. */
function transformer(depth: number): StaticGraph {
  const g = new Expressions({ name: 'transformer', opset: 18 });
  let h = g.input('x', [1, TOKENS, WIDTH]);
  let seed = 1;
  const linear = (name: string, value: string, out: number) => {
    const width = g.shape(value).at(-1)!;
    const values = random(width * out, seed++).map((v) => (1.7 * v) / Math.sqrt(width));
    const w = g.initializer(`${name}.weight`, makeTensor(values, [width, out], 'float32'));
    return g.op('MatMul', [value, w], {}, `/${name}/MatMul`);
  };
  const ones = g.constant(new Array<number>(WIDTH).fill(1));
  const norm = (value: string) => g.op('LayerNormalization', [value, ones], { axis: -1 });
  const heads = (value: string) =>
    g.transpose(g.reshape(value, [1, TOKENS, HEADS, WIDTH / HEADS]), [0, 2, 1, 3]);
  for (let i = 0; i < depth; i++) {
    const n = norm(h);
    const [q, k, v] = ['q', 'k', 'v'].map((name) => heads(linear(`${i}.${name}`, n, WIDTH)));
    const score = g.scale(g.matmul(q!, g.swap(k!)), Math.sqrt(HEADS / WIDTH));
    const mixed = g.matmul(g.op('Softmax', [score], { axis: -1 }, `/${i}/Softmax`), v!);
    const joined = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [1, TOKENS, WIDTH]);
    h = g.add(h, linear(`${i}.o`, joined, WIDTH));
    const wide = linear(`${i}.up`, norm(h), 4 * WIDTH);
    h = g.add(h, linear(`${i}.down`, g.mul(wide, g.sigmoid(wide)), WIDTH));
  }
  g.output(h, 'y');
  return g.build();
}

const depth = 8;
const lora = injectLora(transformer(depth), { targets: ['*.q', '*.v'], rank: 2 });
const graph = inferShapes(lora.graph);
const loss = mse({ prediction: 'y', target: 'target' });
const whole = trainingGraph(graph, { loss });
const peak = peakMemory(whole);
const feeds = {
  ...randomFeeds(graph),
  lora: random(lora.size, 3).map((v) => 0.3 * v),
  target: random(TOKENS * WIDTH, 4),
};

describe('a budget of memory', () => {
  test('is kept, and the gradient is the same', async () => {
    const session = await GraphSession.create(whole);
    const wanted = await session.run(feeds);
    await session.dispose();
    for (const share of [0.6, 0.35]) {
      const memory = share * peak;
      const step = trainingGraph(graph, { loss, memory });
      expect(peakMemory(step)).toBeLessThanOrEqual(memory);
      const small = await GraphSession.create(step);
      const found = await small.run(feeds);
      await small.dispose();
      expect(found.loss).toEqual(wanted.loss);
      expect(relativeError(found.gradient!, wanted.gradient!)).toBeLessThan(1e-6);
    }
  });

  test('that is large enough changes nothing', () => {
    expect(trainingGraph(graph, { loss, memory: peak }).nodes).toEqual(whole.nodes);
  });

  test('grows with the square root of the depth, not with the depth', () => {
    const least = (layers: number) => {
      const model = transformer(layers);
      const by = { of: { y: 'dy' }, withRespectTo: ['x'] };
      const full = peakMemory(differentiate(model, by).graph);
      let [low, high] = [0, full];
      while (high - low > full / 200) {
        const memory = (low + high) / 2;
        try {
          differentiate(model, { ...by, memory });
          high = memory;
        } catch {
          low = memory;
        }
      }
      return [full, high] as const;
    };
    const [[full4, least4], [full16, least16]] = [least(4), least(16)];
    expect(full16 / full4).toBeGreaterThan(3);
    expect(least16 / least4).toBeLessThan(2.2);
  });

  test("keeps none of the attentions' probabilities but those of the last layers", () => {
    const step = trainingGraph(graph, { loss, memory: 0.35 * peak });
    const at = new Map(step.nodes.flatMap((n, i) => n.outputs.map((o) => [o, i] as const)));
    const last = new Map<string, number>();
    step.nodes.forEach((n, i) => {
      for (const input of n.inputs) last.set(input, i);
    });
    const middle = at.get('y') ?? step.nodes.findIndex((n) => n.inputs.includes('target'));
    const kept = Array.from({ length: depth }, (_, i) => `/${i}/Softmax`).filter(
      (name) => last.get(name)! > middle,
    );
    expect(kept.length).toBeLessThanOrEqual(2);
  });

  test('that cannot be kept is refused with what can', () => {
    expect(() => trainingGraph(graph, { loss, memory: 1000 })).toThrow(
      /needs \d+ bytes of values at least, more than the 1000 allowed/,
    );
  });
});
