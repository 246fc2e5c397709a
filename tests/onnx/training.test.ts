import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  adamW,
  differentiate,
  inferShapes,
  injectLora,
  mse,
  read,
  trainingGraph,
  write,
} from '#onnx';
import {
  checkGradient,
  cosine,
  dot,
  GraphSession,
  random,
  randomFeeds,
  relativeError,
} from './graph_session';
import { draws, smallUnet } from './networks';

const N = 2;
const unet = smallUnet(N);
const lora = injectLora(unet, { targets: ['self.*', 'cross.*', 'out.skip'], rank: 2, scale: 0.5 });
const adapted = inferShapes(lora.graph);
const loss = mse({ prediction: 'prediction', target: 'target' });
const batch = { ...randomFeeds(unet), position: Float32Array.of(100, 700) };
const target = random(N * 2 * 64, 50);
/** LoRA weights away from where B is zero. */
const weights = random(lora.size, 60).map((value) => value * 0.3);

describe('a small U-Net', () => {
  test('has the gradient of finite differences by its LoRA weights, by its inputs', async () => {
    const feeds = { ...batch, lora: weights };
    await checkGradient(adapted, feeds, ['lora', 'x', 'context'], { epsilon: 2e-2 });
  });

  test('has it by named weights, frozen ones in fp16 included', async () => {
    const names = ['stem.weight', 'down.weight', 'down.bias', 'norm1.weight', 'self.v.weight'];
    const { graph, gradients } = differentiate(adapted, {
      of: { prediction: 'seed' },
      withRespectTo: names,
      keepOutputs: false,
    });
    expect(graph.outputs.map((output) => output.name)).toEqual(names.map((n) => gradients[n]));
    for (const output of graph.outputs) expect(output.dataType).toBe('float16');
    const wide = differentiate(adapted, {
      of: { prediction: 'seed' },
      withRespectTo: names.map((name) => castOf(name)),
    });
    const session = await GraphSession.create(wide.graph);
    const seed = random(target.length, 8);
    const feeds = { ...batch, lora: weights };
    const results = await session.run({ ...feeds, seed });
    // Differences of a graph that has the weight as an input.
    for (const name of names) {
      const value = castOf(name);
      const { shape } = adapted.types.get(value)!;
      const opened = {
        ...adapted,
        inputs: [...adapted.inputs, { name: value, dataType: 'float32' as const, shape }],
        nodes: adapted.nodes.filter((node) => node.outputs[0] !== value),
      };
      const free = await GraphSession.create(opened);
      const constant = await GraphSession.create({
        ...adapted,
        outputs: [{ name: value, dataType: 'float32', shape }],
      });
      const start = (await constant.run(feeds))[value]!;
      const direction = random(start.length, 9);
      const at = async (step: number) => {
        const moved = start.map((v, i) => v + step * direction[i]!);
        return dot((await free.run({ ...feeds, [value]: moved })).prediction!, seed);
      };
      const slope = ((await at(3e-3)) - (await at(-3e-3))) / 6e-3;
      const found = dot(results[wide.gradients[value]!]!, direction);
      expect(Math.abs(found / slope - 1), name).toBeLessThan(1e-2);
      await free.dispose();
      await constant.dispose();
    }
    await session.dispose();
  });
});

/** The fp32 value that a weight is cast to. */
function castOf(weight: string): string {
  return adapted.nodes.find((node) => node.op === 'Cast' && node.inputs[0] === weight)!.outputs[0]!;
}

describe('a training step', () => {
  const options = { betas: [0.9, 0.99], epsilon: 1e-6, weightDecay: 0.1 } as const;
  const clipNorm = 0.05;
  const step = trainingGraph(adapted, { loss, optimiser: adamW(options), clipNorm });
  let session: GraphSession;
  beforeAll(async () => {
    session = await GraphSession.create(step);
  });
  afterAll(() => session.dispose());

  test('has the stated signature', () => {
    const names = [...unet.inputs.map((i) => i.name), 'lora', 'target'];
    expect(step.inputs.map((i) => i.name).sort()).toEqual(
      [...names, 'learning_rate', 'step', 'm', 'v'].sort(),
    );
    expect(step.outputs.map((o) => [o.name, o.shape])).toEqual([
      ['loss', []],
      ['gradient_norm', []],
      ['next/parameters', [lora.size]],
      ['next/m', [lora.size]],
      ['next/v', [lora.size]],
    ]);
  });

  test('is AdamW with a clipped gradient, three times', async () => {
    const plain = await GraphSession.create(trainingGraph(adapted, { loss }));
    const rate = 1e-2;
    let state = { lora: weights, m: new Float32Array(lora.size), v: new Float32Array(lora.size) };
    for (let t = 1; t <= 3; t++) {
      const feeds = { ...batch, target, ...state };
      const scalars = { learning_rate: Float32Array.of(rate), step: Float32Array.of(t) };
      const { gradient, loss: value } = await plain.run(feeds);
      const next = await session.run({ ...feeds, ...scalars });
      const norm = Math.sqrt(dot(gradient!, gradient!));
      expect(norm).toBeGreaterThan(clipNorm);
      expect(next.loss![0]).toBeCloseTo(value![0]!, 6);
      expect(next.gradient_norm![0]! / norm).toBeCloseTo(1, 5);
      const [beta1, beta2] = options.betas;
      const reference = Array.from(gradient!, (g, i) => {
        const clipped = g * (clipNorm / norm);
        const m = beta1 * state.m[i]! + (1 - beta1) * clipped;
        const v = beta2 * state.v[i]! + (1 - beta2) * clipped ** 2;
        const direction =
          m / (1 - beta1 ** t) / (Math.sqrt(v / (1 - beta2 ** t)) + options.epsilon);
        const moved = state.lora[i]! * (1 - rate * options.weightDecay) - rate * direction;
        return { m, v, moved };
      });
      const error = (name: string, pick: (r: (typeof reference)[number]) => number) =>
        relativeError(next[name]!, reference.map(pick));
      expect(error('next/m', (r) => r.m)).toBeLessThan(1e-4);
      expect(error('next/v', (r) => r.v)).toBeLessThan(1e-4);
      expect(error('next/parameters', (r) => r.moved)).toBeLessThan(1e-4);
      state = {
        lora: next['next/parameters']! as Float32Array<ArrayBuffer>,
        m: next['next/m']! as Float32Array<ArrayBuffer>,
        v: next['next/v']! as Float32Array<ArrayBuffer>,
      };
    }
    await plain.dispose();
  });

  test('repeated, learns', async () => {
    let state = {
      lora: lora.initialise(draws(3)),
      m: new Float32Array(lora.size),
      v: new Float32Array(lora.size),
    };
    const losses: number[] = [];
    for (let t = 1; t <= 60; t++) {
      const scalars = { learning_rate: Float32Array.of(2e-2), step: Float32Array.of(t) };
      const next = await session.run({ ...batch, target, ...state, ...scalars });
      losses.push(next.loss![0]!);
      state = {
        lora: next['next/parameters']! as Float32Array<ArrayBuffer>,
        m: next['next/m']! as Float32Array<ArrayBuffer>,
        v: next['next/v']! as Float32Array<ArrayBuffer>,
      };
    }
    expect(losses.at(-1)!).toBeLessThan(0.7 * losses[0]!);
  });

  test('weighs the batch entries', async () => {
    const weighted = mse({ prediction: 'prediction', target: 'target', weight: 'weight' });
    const [a, b] = [
      await GraphSession.create(trainingGraph(adapted, { loss: weighted })),
      await GraphSession.create(trainingGraph(adapted, { loss })),
    ];
    const feeds = { ...batch, target, lora: weights };
    const one = await a.run({ ...feeds, weight: Float32Array.of(1, 0) });
    const other = await a.run({ ...feeds, weight: Float32Array.of(0, 1) });
    const both = await b.run(feeds);
    const sum = one.gradient!.map((value, i) => value + other.gradient![i]!);
    expect(relativeError(sum, both.gradient!)).toBeLessThan(1e-5);
    expect(cosine(one.gradient!, other.gradient!)).toBeLessThan(0.9);
    await a.dispose();
    await b.dispose();
  });

  test('survives the file', async () => {
    const again = read(write(step), 'step');
    expect(again.inputs).toEqual(step.inputs);
    expect(again.nodes).toEqual(step.nodes);
    expect([...again.initializers.keys()]).toEqual([...step.initializers.keys()]);
  });
});
