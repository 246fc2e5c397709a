import { describe, expect, test } from 'vitest';
import {
  Expressions,
  type Graph,
  inferShapes,
  injectLora,
  makeTensor,
  type Node,
  OnnxError,
} from '#onnx';
import { dot, GraphSession, random, randomFeeds, relativeError } from './graph_session';
import { draws, smallUnet } from './networks';

const unet = smallUnet(2);
const batch = { ...randomFeeds(unet), position: Float32Array.of(10, 900) };

describe('targets', () => {
  const names = (targets: (string | RegExp)[]) =>
    injectLora(unet, { targets, rank: 1 }).layout.map((entry) => entry.name);

  test('are found by pattern of the weight or of the node', () => {
    const self = ['q', 'k', 'v', 'o'].map((p) => `self.${p}`);
    const expected = [...self.map((n) => `${n}.A`), ...self.map((n) => `${n}.B`)];
    expect(names(['self.*']).sort()).toEqual(expected.sort());
    expect(names([/^self/]).sort()).toEqual(expected.sort());
    expect(names(['/self.*/MatMul']).sort()).toEqual(expected.sort());
    expect(names(['self.q.weight'])).toEqual(['self.q.A', 'self.q.B']);
    expect(names([/attn|skip/g])).toEqual(['out.skip.A', 'out.skip.B']);
  });

  test('that match nothing are an error that lists what could be adapted', () => {
    expect(() => names(['self.*', 'attn.*'])).toThrow(
      /LoRA target attn\.\* matches no.*self\.q = attention0\.q, /,
    );
  });

  test('are no 3x3 convolutions and no products of two activations', () => {
    expect(() => names(['stem'])).toThrow(OnnxError);
    const all = names(['*']);
    expect(all).not.toContain('stem.A');
    expect(all).toContain('fc1.A');
  });

  test('refuse a rank below one and a name that is taken', () => {
    expect(() => injectLora(unet, { targets: ['*'], rank: 0 })).toThrow(/rank 0/);
    expect(() => injectLora(unet, { targets: ['*'], rank: 1, input: 'x' })).toThrow(/"x"/);
  });
});

describe('the layout', () => {
  const { layout, size, initialise } = injectLora(unet, { targets: ['*'], rank: 3 });

  test('tiles the vector', () => {
    let offset = 0;
    for (const entry of layout) {
      expect(entry.offset).toBe(offset);
      offset += entry.shape.reduce((a, b) => a * b, 1);
    }
    expect(size).toBe(offset);
  });

  test('has A of [in, rank], B of [rank, out], and those of 1x1 convolutions', () => {
    const shapeOf = (name: string) => layout.find((entry) => entry.name === name)!.shape;
    expect(shapeOf('fc1.A')).toEqual([16, 3]);
    expect(shapeOf('fc1.B')).toEqual([3, 24]);
    expect(shapeOf('out.skip.A')).toEqual([3, 24, 1, 1]);
    expect(shapeOf('out.skip.B')).toEqual([8, 3, 1, 1]);
  });

  test('starts with A of variance 1 / in and B zero, the same for the same draws', () => {
    const vector = initialise(draws(5));
    expect(initialise(draws(5))).toEqual(vector);
    expect(initialise(draws(6))).not.toEqual(vector);
    for (const { name, offset, shape } of layout) {
      const count = shape.reduce((a, b) => a * b, 1);
      const part = vector.subarray(offset, offset + count);
      if (name.endsWith('.B')) expect(part.every((value) => value === 0)).toBe(true);
    }
    // All A, each scaled by the root of its inputs, have the mean and the variance of the draws.
    const scaled = layout.flatMap(({ name, offset, shape }) => {
      if (name.endsWith('.B')) return [];
      const inputs = shape.length === 4 ? shape[1]! : shape[0]!;
      const count = shape.reduce((a, b) => a * b, 1);
      return [...vector.subarray(offset, offset + count)].map((v) => v * Math.sqrt(inputs));
    });
    expect(scaled.length).toBeGreaterThan(300);
    expect(Math.abs(scaled.reduce((a, b) => a + b, 0) / scaled.length)).toBeLessThan(0.15);
    expect(Math.abs(dot(scaled, scaled) / scaled.length - 1)).toBeLessThan(0.2);
  });
});

test('at its initialisation it changes no bit of the output', async () => {
  for (const scale of [1, 0.25]) {
    const { graph, initialise } = injectLora(unet, { targets: ['*'], rank: 3, scale });
    const [plain, adapted] = [await GraphSession.create(unet), await GraphSession.create(graph)];
    const before = (await plain.run(batch)).prediction!;
    const after = (await adapted.run({ ...batch, lora: initialise(draws(1)) })).prediction!;
    expect(new Uint32Array(after.buffer)).toEqual(new Uint32Array(before.buffer));
    await plain.dispose();
    await adapted.dispose();
  }
});

test('adds scale x A B to each kind of product', async () => {
  const [rows, inputs, outputs, rank, scale] = [4, 5, 3, 2, 0.5];
  const g = new Expressions({ name: 'kinds' });
  const x = g.input('x', [rows, inputs]);
  const weight = (name: string, shape: number[], seed: number) =>
    g.initializer(name, makeTensor(random(15, seed), shape, 'float32'));
  g.output(g.matmul(x, weight('m', [inputs, outputs], 1)), 'MatMul');
  const transposed = { transB: 1 };
  g.output(g.op('Gemm', [x, weight('g', [outputs, inputs], 2)], transposed), 'Gemm');
  const tilted = g.op('Gemm', [g.transpose(x, [1, 0]), weight('t', [inputs, outputs], 3)], {
    transA: 1,
  });
  g.output(tilted, 'Gemm of a transposed');
  const picture = g.reshape(g.transpose(x, [1, 0]), [1, inputs, 2, 2]);
  const convolved = g.op('Conv', [picture, weight('c', [outputs, inputs, 1, 1], 4)]);
  g.output(g.transpose(g.reshape(convolved, [outputs, rows]), [1, 0]), 'Conv');
  const base = g.build();
  const lora = injectLora(base, { targets: ['m', 'g', 't', 'c'], rank, scale });
  const [plain, adapted] = [
    await GraphSession.create(base),
    await GraphSession.create(inferShapes(lora.graph)),
  ];
  const values = random(rows * inputs, 5);
  const vector = random(lora.size, 6);
  const before = await plain.run({ x: values });
  const after = await adapted.run({ x: values, lora: vector });
  const names = { m: 'MatMul', g: 'Gemm', t: 'Gemm of a transposed', c: 'Conv' };
  for (const [weightName, output] of Object.entries(names)) {
    const entry = (factor: string) =>
      lora.layout.find((e) => e.name === `${weightName}.${factor}`)!;
    const [a, b] = [entry('A'), entry('B')];
    const conv = weightName === 'c';
    const A = (i: number, r: number) => vector[a.offset + (conv ? r * inputs + i : i * rank + r)]!;
    const B = (r: number, o: number) => vector[b.offset + (conv ? o * rank + r : r * outputs + o)]!;
    const expected = before[output]!.map((value, at) => {
      const [row, o] = [Math.floor(at / outputs), at % outputs];
      let sum = 0;
      for (let r = 0; r < rank; r++) {
        for (let i = 0; i < inputs; i++) sum += values[row * inputs + i]! * A(i, r) * B(r, o);
      }
      return value + scale * sum;
    });
    expect(relativeError(after[output]!, expected), output).toBeLessThan(1e-5);
  }
  await plain.dispose();
  await adapted.dispose();
});

test('a weight that two nodes share gets an adapter for each', () => {
  const g = new Expressions({ name: 'shared' });
  const w = g.initializer('w', makeTensor(random(9, 1), [3, 3], 'float32'));
  const h = g.op('MatMul', [g.input('x', [2, 3]), w], {}, 'first');
  g.output(g.op('MatMul', [h, w], {}, 'second'), 'y');
  const { layout, graph } = injectLora(g.build(), { targets: ['w'], rank: 1 });
  expect(layout.map((entry) => entry.name)).toEqual([
    ...['w@first.A', 'w@second.A', 'w@first.B', 'w@second.B'],
  ]);
  expect(() => inferShapes(graph)).not.toThrow();
});

test('a weight may be stored as whole numbers, behind a Cast and a Mul by its scales', async () => {
  const node = (op: string, inputs: string[], output: string, to?: number): Node => ({
    name: output,
    op,
    domain: '',
    inputs,
    outputs: [output],
    attributes: to === undefined ? {} : { to: { type: 'int', value: to } },
  });
  const whole = Array.from({ length: 12 }, (_, i) => ((i * 37) % 255) - 127);
  const graph: Graph = {
    name: 'whole',
    irVersion: 9,
    opsets: { '': 17 },
    inputs: [{ name: 'x', dataType: 'float32', shape: [2, 4] }],
    outputs: [{ name: 'y', dataType: 'float32', shape: [2, 3] }],
    nodes: [
      node('Cast', ['a.weight.T'], 'a.whole', 1),
      node('Mul', ['a.whole', 'a.scale'], 'a.f32'),
      node('MatMul', ['x', 'a.f32'], 'y'),
    ],
    initializers: new Map([
      ['a.weight.T', makeTensor(whole, [4, 3], 'int8')],
      ['a.scale', makeTensor([0.5, 0.25, 2], [1, 3], 'float32')],
    ]),
  };
  const adapted = injectLora(graph, { targets: ['a'], rank: 1 });
  expect(adapted.layout.map(({ name, shape }) => [name, shape])).toEqual([
    ['a.A', [4, 1]],
    ['a.B', [1, 3]],
  ]);
  const x = Float32Array.from({ length: 8 }, (_, i) => i - 3);
  const lora = Float32Array.of(1, 0, 0, 0, 10, 20, 30);
  const session = await GraphSession.create(adapted.graph);
  const { y } = await session.run({ x, lora });
  await session.dispose();
  const wanted = Array.from({ length: 6 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3), i % 3];
    const product = [0, 1, 2, 3].reduce(
      (sum, k) => sum + x[4 * row + k]! * whole[3 * k + column]! * [0.5, 0.25, 2][column]!,
      0,
    );
    return product + x[4 * row]! * 10 * (column + 1);
  });
  expect([...y!]).toEqual(wanted);
});
