import { describe, expect, test } from 'vitest';
import {
  differentiate,
  Expressions,
  float,
  inferShapes,
  makeTensor,
  mse,
  trainingGraph,
} from '#onnx';
import { checkGradient, GraphSession, random, randomFeeds } from './graph_session';

describe('what is emitted', () => {
  /** y = w2 relu(w1 x), two layers of weights. */
  function mlp() {
    const g = new Expressions({ name: 'mlp' });
    const x = g.input('x', [4, 6]);
    const w1 = g.initializer('w1', makeTensor(random(48, 1), [6, 8], 'float32'));
    const w2 = g.initializer('w2', makeTensor(random(24, 2), [8, 3], 'float32'));
    const hidden = g.op('Relu', [g.op('MatMul', [x, w1], {}, 'first')], {}, 'hidden');
    g.output(g.op('MatMul', [hidden, w2], {}, 'second'), 'y');
    return g.build();
  }
  const products = (names: string[]) => {
    const { graph } = differentiate(mlp(), { of: { y: 'dy' }, withRespectTo: names });
    return graph.nodes.filter((node) => node.op === 'MatMul').length - 2;
  };

  test('is only what the named gradients need', () => {
    expect(products(['w2'])).toBe(1);
    expect(products(['hidden'])).toBe(1);
    expect(products(['w1'])).toBe(2);
    expect(products(['x'])).toBe(2);
    expect(products(['x', 'w1', 'w2'])).toBe(4);
  });

  test('reads the forward values instead of computing them again', () => {
    const { graph } = differentiate(mlp(), { of: { y: 'dy' }, withRespectTo: ['w2'] });
    expect(graph.nodes.filter((node) => node.op === 'Relu')).toHaveLength(1);
  });

  test('leaves the graph it was given alone, and shares its weights', () => {
    const graph = mlp();
    const count = graph.nodes.length;
    const { graph: backward } = differentiate(graph, { of: { y: 'dy' }, withRespectTo: ['x'] });
    expect(graph.nodes).toHaveLength(count);
    expect(backward.initializers.get('w1')).toBe(graph.initializers.get('w1'));
  });

  test('is by default an addition to the outputs, else all of them', () => {
    const options = { of: { y: 'dy' }, withRespectTo: ['x'] };
    const names = (keepOutputs: boolean) =>
      differentiate(mlp(), { ...options, keepOutputs }).graph.outputs.map((o) => o.name);
    expect(names(true)).toEqual(['y', 'gradient/x']);
    expect(names(false)).toEqual(['gradient/x']);
  });

  test('joins the gradients of many slices by one Concat', () => {
    const g = new Expressions({ name: 'cut' });
    const x = g.input('x', [32]);
    const parts = Array.from({ length: 8 }, (_, i) => g.exp(g.slice(x, 0, 4 * i, 4)));
    g.output(
      parts.reduce((a, b) => g.add(a, b)),
      'y',
    );
    const { graph } = differentiate(g.build(), { of: { y: 'dy' }, withRespectTo: ['x'] });
    const ops = graph.nodes.map((node) => node.op);
    expect(ops.filter((op) => op === 'Concat')).toHaveLength(1);
    expect(ops).not.toContain('Pad');
  });

  test('avoids operators that some execution providers lack', () => {
    const g = new Expressions({ name: 'convolutions' });
    const x = g.input('x', [1, 2, 6, 6]);
    const w = g.initializer('w', makeTensor(random(36, 1), [2, 2, 3, 3], 'float32'));
    const h = g.op('Conv', [x, w], { strides: [2, 2], pads: [1, 1, 1, 1] });
    g.output(h, 'y');
    const { graph } = differentiate(g.build(), { of: { y: 'dy' }, withRespectTo: ['x', 'w'] });
    const ops = new Set(graph.nodes.map((node) => node.op));
    for (const op of ['ConvTranspose', 'Sum', 'Mean', 'ScatterND']) expect(ops).not.toContain(op);
  });
});

test('a loss of one element needs no seed', async () => {
  const g = new Expressions({ name: 'loss' });
  const x = g.input('x', [3, 2]);
  g.output(g.op('ReduceSum', [g.square(x)], { keepdims: 0 }), 'loss');
  const { graph, gradients } = differentiate(g.build(), { of: 'loss', withRespectTo: ['x'] });
  const session = await GraphSession.create(graph);
  const values = random(6, 1);
  const results = await session.run({ x: values });
  expect(results[gradients.x!]).toEqual(values.map((value) => 2 * value));
  await session.dispose();
});

test('a gradient can be differentiated again', async () => {
  const g = new Expressions({ name: 'attention' });
  const [x, w] = [g.input('x', [3, 4]), g.input('w', [4, 4])];
  const score = g.op('Softmax', [g.matmul(g.matmul(x, w), g.swap(x))]);
  g.output(g.op('Tanh', [g.matmul(score, x)]), 'y');
  const { graph } = differentiate(g.build(), {
    ...{ of: { y: 'dy' }, withRespectTo: ['x'], keepOutputs: false },
  });
  await checkGradient(graph, randomFeeds(graph), ['x', 'w', 'dy']);
});

test('several outputs, each with its seed', async () => {
  const g = new Expressions({ name: 'two' });
  const x = g.input('x', [3]);
  g.output(g.exp(x), 'a');
  g.output(g.sigmoid(x), 'b');
  const { graph } = differentiate(g.build(), { of: { a: 'da', b: 'db' }, withRespectTo: ['x'] });
  const session = await GraphSession.create(graph);
  const x0 = Float32Array.of(0, 1, -1);
  const da = Float32Array.of(1, 2, 0);
  const db = Float32Array.of(4, 0, 8);
  const gradient = (await session.run({ x: x0, da, db }))['gradient/x']!;
  x0.forEach((value, i) => {
    const s = 1 / (1 + Math.exp(-value));
    expect(gradient[i]).toBeCloseTo(da[i]! * Math.exp(value) + db[i]! * s * (1 - s), 5);
  });
  await session.dispose();
});

test.each([
  [18, 2],
  [21, 6],
])('GroupNormalization of operator set %i is read decomposed', async (opset, affine) => {
  const groups = 2;
  const graph = inferShapes(
    {
      name: 'group',
      irVersion: 8,
      opsets: { '': opset },
      inputs: [
        { name: 'x', dataType: 'float32', shape: ['N', 6, 3, 3] },
        { name: 'scale', dataType: 'float32', shape: [affine] },
        { name: 'bias', dataType: 'float32', shape: [affine] },
      ],
      outputs: [{ name: 'y', dataType: 'float32' }],
      initializers: new Map(),
      nodes: [
        {
          ...{ name: 'norm', op: 'GroupNormalization', domain: '', outputs: ['y'] },
          inputs: ['x', 'scale', 'bias'],
          attributes: { num_groups: { type: 'int', value: groups }, epsilon: float(1e-3) },
        },
      ],
    },
    { N: 2 },
  );
  expect(graph.nodes.map((node) => node.op)).not.toContain('GroupNormalization');
  const feeds = randomFeeds(graph);
  const session = await GraphSession.create(graph);
  const y = (await session.run(feeds)).y!;
  await session.dispose();
  for (let n = 0; n < 2; n++) {
    for (let group = 0; group < groups; group++) {
      const start = (n * groups + group) * 27;
      const row = [...feeds.x!.subarray(start, start + 27)];
      const mean = row.reduce((a, b) => a + b, 0) / 27;
      const variance = row.reduce((a, b) => a + (b - mean) ** 2, 0) / 27;
      row.forEach((value, i) => {
        const at = affine === groups ? group : group * 3 + Math.floor(i / 9);
        const normal = (value - mean) / Math.sqrt(variance + 1e-3);
        expect(y[start + i]).toBeCloseTo(normal * feeds.scale![at]! + feeds.bias![at]!, 4);
      });
    }
  }
  await checkGradient(graph, feeds, ['x', 'scale', 'bias']);
});

test('SpaceToDepth and Sum are read decomposed, and compute the same', async () => {
  const g = new Expressions({ name: 'plain' });
  const blocks = g.op('SpaceToDepth', [g.input('x', [2, 3, 4, 6])], { blocksize: 2 });
  const total = g.op('Sum', [blocks, g.input('a', [12, 1, 1]), g.input('b', [2, 1, 2, 3])]);
  g.output(g.op('Sum', [total]), 'y');
  const [whole, plain] = [g.build(), inferShapes(g.build())];
  const ops = plain.nodes.map((node) => node.op);
  expect(ops).not.toContain('SpaceToDepth');
  expect(ops).not.toContain('Sum');
  const [a, b] = [await GraphSession.create(whole), await GraphSession.create(plain)];
  const feeds = randomFeeds(whole);
  expect(await b.run(feeds)).toEqual(await a.run(feeds));
  await a.dispose();
  await b.dispose();
});

describe('refusing', () => {
  const g = new Expressions({ name: 'odd' });
  const x = g.input('x', [3]);
  const ids = g.input('ids', [3], 'int64');
  g.output(g.op('EyeLike', [g.reshape(x, [3, 1])], {}, '/head/eye'), 'y');
  g.output(g.input('apart', [3]), 'z');
  const graph = g.build();

  test('an operator without a rule, by node and operator', () => {
    expect(() => differentiate(graph, { of: { y: 'dy' }, withRespectTo: ['x'] })).toThrow(
      'EyeLike "/head/eye": this operator has no gradient rule',
    );
  });

  test('a name that does not exist', () => {
    expect(() => differentiate(graph, { of: { y: 'dy' }, withRespectTo: ['w'] })).toThrow(
      /no value "w"/,
    );
    expect(() => differentiate(graph, { of: { q: 'dq' }, withRespectTo: ['x'] })).toThrow(
      /no value "q"/,
    );
  });

  test('a gradient that is zero', () => {
    expect(() => differentiate(graph, { of: { z: 'dz' }, withRespectTo: ['x'] })).toThrow(
      'the gradient by "x" is zero: z does not depend on it',
    );
  });

  test('integers', () => {
    expect(() => differentiate(graph, { of: { y: 'dy' }, withRespectTo: [ids] })).toThrow(
      '"ids" is int64: only floats have a gradient',
    );
  });

  test('a loss of several elements', () => {
    expect(() => differentiate(graph, { of: 'y', withRespectTo: ['x'] })).toThrow(
      /a loss has one element/,
    );
  });

  test('training an input that does not exist', () => {
    const loss = mse({ prediction: 'y', target: 'target' });
    expect(() => trainingGraph(graph, { loss })).toThrow(
      /no input "lora" to train; there are: x, ids/,
    );
  });

  test('kinds of an operator whose gradient is not implemented', () => {
    const h = new Expressions({ name: 'h' });
    h.output(
      h.op(
        'Resize',
        [h.input('x', [1, 1, 4, 4]), '', h.constant([1, 1, 2, 2])],
        { mode: 'linear', antialias: 1 },
        '/up',
      ),
      'y',
    );
    expect(() => differentiate(h.build(), { of: { y: 'dy' }, withRespectTo: ['x'] })).toThrow(
      /Resize "\/up": the gradient of antialias/,
    );
  });
});
