/** Numbers, shapes and sizes at the edges of operators: what other people's models are made of. */
import { describe, expect, test } from 'vitest';
import {
  type DataType,
  differentiate,
  Expressions,
  float,
  inferShapes,
  injectLora,
  makeTensor,
  mse,
  tensorValues,
  trainingGraph,
} from '#onnx';
import { checkGradient, cosine, GraphSession, random, randomFeeds } from './graph_session';

describe('gradients by every input and output', () => {
  test("by LayerNormalization's mean and deviation too", async () => {
    const g = new Expressions({ name: 'norm' });
    const [x, scale, bias] = [g.input('x', [3, 5]), g.input('scale', [5]), g.input('bias', [5])];
    const outputs = g.ops('LayerNormalization', [x, scale, bias], 3, { axis: -1 });
    g.output(g.concat([outputs[0]!, g.scale(outputs[1]!, 2), g.scale(outputs[2]!, 3)], 1), 'y');
    await checkGradient(g.build(), randomFeeds(g.build()), ['x', 'scale', 'bias']);
  });

  test("by Clip's bounds, which go to y where they hold", async () => {
    const g = new Expressions({ name: 'clip' });
    const [x, low, high] = [g.input('x', [9]), g.input('low', []), g.input('high', [])];
    g.output(g.op('Clip', [x, low, high]), 'y');
    const feeds = {
      ...randomFeeds(g.build()),
      low: Float32Array.of(-0.3),
      high: Float32Array.of(0.4),
    };
    await checkGradient(g.build(), feeds, ['x', 'low', 'high'], { epsilon: 1e-3 });
  });

  test.each([['reflect'], ['edge'], ['wrap']])('by what mode %s pads with', async (mode) => {
    const g = new Expressions({ name: 'pad', opset: 19 });
    g.output(g.op('Pad', [g.input('x', [4, 5]), g.integers([2, 1, 3, 0])], { mode }), 'y');
    await checkGradient(g.build(), randomFeeds(g.build()), ['x']);
  });

  test("by Pad's value", async () => {
    const g = new Expressions({ name: 'pad' });
    const [x, value] = [g.input('x', [2, 3]), g.input('value', [])];
    g.output(g.op('Pad', [x, g.integers([1, -1, 2, 1]), value]), 'y');
    await checkGradient(g.build(), randomFeeds(g.build()), ['x', 'value']);
  });

  test('of a product with zeros in it', async () => {
    const g = new Expressions({ name: 'product', opset: 18 });
    g.output(g.op('ReduceProd', [g.input('x', [3, 3]), g.integers([1])]), 'y');
    const x = Float32Array.of(2, 3, -1, 0, 3, 2, 0, 0, 5);
    const { x: gradient } = await checkGradient(g.build(), { x }, ['x']);
    expect(gradient![3]).not.toBe(0);
  });

  test('of maxima whose windows overlap, leave a remainder or reach into the padding', async () => {
    for (const attributes of [
      { kernel_shape: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] },
      { kernel_shape: [2, 3], strides: [1, 2], dilations: [2, 1] },
      { kernel_shape: [2, 2], strides: [2, 2], ceil_mode: 1 },
    ]) {
      const g = new Expressions({ name: 'pool' });
      g.output(g.op('MaxPool', [g.input('x', [1, 2, 5, 7])], attributes), 'y');
      await checkGradient(g.build(), randomFeeds(g.build()), ['x'], { epsilon: 2e-4 });
    }
  });

  test('of Dropout in training mode only by its mask', () => {
    const g = new Expressions({ name: 'dropout' });
    const inputs = [g.input('x', [5]), g.constant(0.5), g.constant(1, [], 'bool')];
    g.output(g.op('Dropout', inputs, {}, 'drop'), 'y');
    const by = { of: { y: 'dy' }, withRespectTo: ['x'] };
    expect(() => differentiate(g.build(), by)).toThrow(/Dropout "drop": is in training mode/);
  });

  test('refuse what a rule does not know of a second output', () => {
    const g = new Expressions({ name: 'bn', opset: 15 });
    const [x, ...rest] = ['x', 's', 'b', 'm', 'v'].map((n, i) => g.input(n, i ? [2] : [1, 2, 3]));
    const make = () => g.ops('BatchNormalization', [x!, ...rest], 3, { training_mode: 1 });
    expect(make).toThrow(/is in training mode/);
  });
});

test('values whose names have commas are told apart', async () => {
  const g = new Expressions({ name: 'commas' });
  const [a, b] = [g.input('a', [2]), g.input('a,b', [2])];
  const most = [a, b].map((value) => g.op('ReduceMax', [value], { keepdims: 0 }));
  g.output(g.add(most[0]!, most[1]!), 'y');
  const graph = g.build();
  const { graph: backward, gradients } = differentiate(graph, {
    of: 'y',
    withRespectTo: ['a', 'a,b'],
  });
  const session = await GraphSession.create(backward);
  const results = await session.run({ a: Float32Array.of(1, 2), 'a,b': Float32Array.of(4, 3) });
  expect([...results[gradients.a!]!]).toEqual([0, 1]);
  expect([...results[gradients['a,b']!]!]).toEqual([1, 0]);
  await session.dispose();
});

describe('constants', () => {
  const fold = (op: string, lists: readonly (readonly number[])[], attributes = {}) => {
    const g = new Expressions({ name: 'g' });
    const value = g.op(
      op,
      lists.map((list) => g.integers(list)),
      attributes,
    );
    return g.constantOf(value)?.values;
  };

  test('fold Mod with the sign of the dividend where told to', () => {
    expect(
      fold(
        'Mod',
        [
          [-4, 7, 5],
          [3, -3, 8],
        ],
        { fmod: 1 },
      ),
    ).toEqual([-1, 1, 5]);
    expect(
      fold('Mod', [
        [-4, 7, 5],
        [3, -3, 8],
      ]),
    ).toEqual([2, -2, 5]);
  });

  test('leave division by zero and overflow to the runtime', () => {
    expect(fold('Div', [[1], [0]])).toBeUndefined();
    expect(fold('Mul', [[2 ** 40], [2 ** 40]])).toBeUndefined();
    expect(fold('Identity', [[2 ** 63]])).toEqual([2 ** 63]);
  });

  test('reduce over all axes where the list of axes is empty', () => {
    const g = new Expressions({ name: 'g' });
    const empty = g.constant([], [0], 'int64');
    const sum = g.op('ReduceSum', [g.constant([1, 2, 3], [3], 'int64'), empty], { keepdims: 0 });
    expect(g.constantOf(sum)?.values).toEqual([6]);
  });
});

describe('shapes', () => {
  const shapeOf = (op: string, shape: number[], attributes: object) => {
    const g = new Expressions({ name: 'g', opset: 19 });
    return g.type(g.op(op, [g.input('x', shape)], attributes as Record<string, number>));
  };

  test('of EyeLike have the type that it states', () => {
    expect(shapeOf('EyeLike', [2, 3], { dtype: 11 }).dataType).toBe('float64');
  });

  test('of a pool have no window that starts behind the input', () => {
    const window = { kernel_shape: [3, 3], strides: [3, 3], pads: [1, 1, 1, 1], ceil_mode: 1 };
    expect(shapeOf('AveragePool', [1, 3, 2, 2], window).shape).toEqual([1, 3, 1, 1]);
  });
});

test('SpaceToDepth in either order of its channels', async () => {
  for (const mode of ['DCR', 'CRD']) {
    const g = new Expressions({ name: 'space' });
    g.output(g.op('SpaceToDepth', [g.input('x', [1, 2, 4, 6])], { blocksize: 2, mode }), 'y');
    const session = await GraphSession.create(inferShapes(g.build()));
    const x = Float32Array.from({ length: 48 }, (_, i) => i);
    const y = (await session.run({ x })).y!;
    await session.dispose();
    // Channel 1 is the right neighbour of channel 0's element, or the second channel of x.
    expect([y[0], y[6]]).toEqual(mode === 'DCR' ? [0, 24] : [0, 1]);
  }
});

describe('long signals', () => {
  const length = 160_000;
  const gradientOf = async (make: (g: Expressions, x: string) => string) => {
    const g = new Expressions({ name: 'signal' });
    g.output(make(g, g.input('x', [1, 1, length])), 'y');
    const { graph } = differentiate(g.build(), { of: { y: 'dy' }, withRespectTo: ['x'] });
    const session = await GraphSession.create(graph);
    const size = graph.inputs.find((input) => input.name === 'dy')!.shape!.at(-1) as number;
    const dy = new Float32Array(size).fill(1);
    const results = await session.run({ x: new Float32Array(length), dy });
    await session.dispose();
    return results['gradient/x']!;
  };

  test('are averaged', async () => {
    const window = { kernel_shape: [3], strides: [2] };
    const dx = await gradientOf((g, x) => g.op('AveragePool', [x], window));
    for (const [i, share] of [
      [0, 1],
      [1, 1],
      [2, 2],
      [99_999, 1],
      [100_000, 2],
    ] as const) {
      expect(dx[i]).toBeCloseTo(share / 3, 5);
    }
  });

  test('are resampled', async () => {
    const dx = await gradientOf((g, x) =>
      g.op('Resize', [x, '', '', g.integers([1, 1, 53_334])], { mode: 'linear' }),
    );
    const sum = dx.reduce((a, b) => a + b, 0);
    expect(sum / 53_334).toBeCloseTo(1, 4);
  });
});

describe('half floats', () => {
  const half = (values: ArrayLike<number>, shape: readonly number[]) =>
    makeTensor(values, shape, 'float16');
  const bits = (values: ArrayLike<number>) =>
    new Uint16Array(half(values, [values.length]).data.buffer.slice(0));
  const numbers = (array: ArrayLike<number>) =>
    tensorValues({
      dataType: 'float16',
      shape: [array.length],
      data: new Uint8Array(Uint16Array.from(array).buffer),
    });

  /** x W1 in float16, and its twin in float32. */
  function layer(dataType: DataType) {
    const g = new Expressions({ name: dataType });
    const x = g.input('x', [4, 8], dataType);
    const weight = (name: string, shape: number[], seed: number) =>
      g.initializer(name, makeTensor(random(shape[0]! * shape[1]!, seed), shape, dataType));
    const hidden = g.op('Tanh', [g.matmul(x, weight('w1', [8, 6], 1))]);
    g.output(g.matmul(hidden, weight('w2', [6, 2], 2)), 'y');
    return g.build();
  }

  test('take LoRA weights of float32, whose gradient is that of float32', async () => {
    const gradients = [];
    for (const dataType of ['float16', 'float32'] as const) {
      const lora = injectLora(layer(dataType), { targets: ['*'], rank: 2 });
      const graph = inferShapes(lora.graph);
      const step = trainingGraph(graph, { loss: mse({ prediction: 'y', target: 'target' }) });
      expect(step.inputs.map((i) => [i.name, i.dataType])).toEqual([
        ['x', dataType],
        ['lora', 'float32'],
        ['target', 'float32'],
      ]);
      const session = await GraphSession.create(step);
      const x = random(32, 3);
      const { gradient, loss } = await session.run({
        x: (dataType === 'float16' ? bits(x) : x) as Float32Array,
        lora: random(lora.size, 4),
        target: random(8, 5),
      });
      gradients.push(gradient!);
      expect(loss![0]).toBeGreaterThan(0);
      await session.dispose();
    }
    expect(gradients[0]).toBeInstanceOf(Float32Array);
    expect(cosine(gradients[0]!, gradients[1]!)).toBeGreaterThan(0.9999);
  });

  test.each(['InstanceNormalization', 'LayerNormalization'])(
    'keep the gradient of %s, whose sum of squares overflows them',
    async (op) => {
      const g = new Expressions({ name: op });
      const x = g.input('x', [1, 2, 4096], 'float16');
      const size = op === 'LayerNormalization' ? 4096 : 2;
      const [scale, bias] = [1, 0].map((v) =>
        g.initializer(`p${v}`, half(new Array(size).fill(v), [size])),
      );
      g.output(g.op(op, [x, scale!, bias!], { epsilon: float(1e-5) }), 'y');
      const graph = g.build();
      const { graph: backward } = differentiate(graph, { of: { y: 'dy' }, withRespectTo: ['x'] });
      // Nothing that sums or squares does so in float16: the runtime's CPU would hide it.
      const summing = backward.nodes.filter((n) => /Reduce|Sqrt|Reciprocal/.test(n.op));
      for (const node of summing)
        expect(backward.types.get(node.outputs[0]!)!.dataType).toBe('float32');
      expect(summing.length).toBeGreaterThan(2);
      const session = await GraphSession.create(backward);
      const values = random(8192, 1).map((v) => 20 * v);
      const results = await session.run({
        ...{
          x: bits(values) as unknown as Float32Array,
          dy: bits(random(8192, 2)) as unknown as Float32Array,
        },
      });
      const found = numbers(results['gradient/x']!);
      expect(Math.max(...found.map(Math.abs))).toBeGreaterThan(0.01);
      await session.dispose();
    },
  );

  test('read x^2 as x x', () => {
    const g = new Expressions({ name: 'square' });
    const two = g.initializer('two', half([2], []));
    g.output(g.op('Pow', [g.input('x', [3], 'float16'), two]), 'y');
    expect(inferShapes(g.build()).nodes.map((node) => node.op)).toEqual(['Mul', 'Identity']);
  });
});
