/** What other people's models bring: weights beside the file, branches, old operator sets, fused operators, odd names. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  type Attribute,
  type DataType,
  Expressions,
  float,
  type Graph,
  inferShapes,
  injectLora,
  makeTensor,
  mse,
  type Node,
  read,
  type Tensor,
  trainingGraph,
  write,
  writeApart,
} from '#onnx';
import { checkGradient, GraphSession, random, randomFeeds, relativeError } from './graph_session';
import { smallUnet } from './networks';

type Attributes = Readonly<Record<string, Attribute | number | string>>;

const attribute = (value: Attribute | number | string): Attribute => {
  if (typeof value === 'number') return { type: 'int', value };
  return typeof value === 'string' ? { type: 'string', value } : value;
};

function node(
  op: string,
  inputs: readonly string[],
  outputs: readonly string[],
  attributes: Attributes = {},
  domain = '',
): Node {
  const all = Object.entries(attributes).map(([name, value]) => [name, attribute(value)] as const);
  return {
    name: `/${outputs[0]}`,
    op,
    domain,
    inputs,
    outputs,
    attributes: Object.fromEntries(all),
  };
}

/** A graph of the given nodes; all inputs are float32. */
function graphOf(
  opset: number,
  inputs: Readonly<Record<string, readonly number[]>>,
  nodes: readonly Node[],
  outputs: readonly string[],
  initializers: Readonly<Record<string, Tensor>> = {},
): Graph {
  return {
    name: 'graph',
    irVersion: 8,
    opsets: { '': opset, 'com.microsoft': 1 },
    inputs: Object.entries(inputs).map(([name, shape]) => ({ name, dataType: 'float32', shape })),
    outputs: outputs.map((name) => ({ name, dataType: 'float32' as DataType })),
    nodes,
    initializers: new Map(Object.entries(initializers)),
  };
}

/** Checks that a graph computes the same after it was read, and its gradient by all its inputs. */
async function checkSame(graph: Graph, tolerance = 1e-4): Promise<void> {
  const plain = inferShapes(graph);
  const feeds = randomFeeds(plain);
  const [whole, ours] = [await GraphSession.create(graph), await GraphSession.create(plain)];
  const [wanted, found] = [await whole.run(feeds), await ours.run(feeds)];
  for (const [name, values] of Object.entries(wanted)) {
    expect(relativeError(found[name]!, values), name).toBeLessThan(tolerance);
  }
  await whole.dispose();
  await ours.dispose();
  const names = plain.inputs.map((input) => input.name);
  await checkGradient(plain, feeds, names, { tolerance: 2e-2 });
}

describe('weights beside the file', () => {
  const unet = smallUnet(1);
  const { model, weights } = writeApart(unet, 'weights.bin');
  const file = new Uint8Array(Buffer.concat(weights));

  test('are views of that file', () => {
    const graph = read(model, 'unet', { files: new Map([['weights.bin', file]]) });
    const large = [...graph.initializers.values()].filter((tensor) => tensor.external);
    expect(large.length).toBeGreaterThan(3);
    for (const tensor of large) {
      expect(tensor.data.buffer).toBe(file.buffer);
      expect(tensor.external!.offset % 64).toBe(0);
    }
    for (const [name, tensor] of graph.initializers) {
      expect(Buffer.compare(tensor.data, unet.initializers.get(name)!.data), name).toBe(0);
    }
  });

  test('need not be read: the training step refers to them, and learns the same', async () => {
    const build = (graph: Graph) => {
      const lora = injectLora(graph, { targets: ['self.*'], rank: 2 });
      const loss = mse({ prediction: 'prediction', target: 'target' });
      return { size: lora.size, step: trainingGraph(inferShapes(lora.graph), { loss }) };
    };
    const apart = build(read(model, 'unet', { files: 'apart' }));
    const bytes = write(apart.step);
    const inside = build(read(write(unet)));
    expect(bytes.length).toBeLessThan(write(inside.step).length - file.length / 2);
    const folder = mkdtempSync(join(tmpdir(), 'onnx-'));
    try {
      writeFileSync(join(folder, 'weights.bin'), file);
      writeFileSync(join(folder, 'step.onnx'), bytes);
      const feeds: Record<string, Float32Array> = {
        ...randomFeeds(unet),
        lora: random(apart.size, 1),
        target: random(128, 2),
      };
      const session = await ort.InferenceSession.create(join(folder, 'step.onnx'));
      const tensors = apart.step.inputs.map(({ name, shape }) => [
        name,
        new ort.Tensor('float32', feeds[name]!, shape as number[]),
      ]);
      const found = await session.run(Object.fromEntries(tensors));
      const twin = await GraphSession.create(inside.step);
      const wanted = await twin.run(feeds);
      expect(relativeError(found.gradient!.data as Float32Array, wanted.gradient!)).toBe(0);
      await session.release();
      await twin.dispose();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('are asked for by name, and a file that is too short is refused', () => {
    expect(() => read(model, 'unet')).toThrow(/lies in an external file \(weights\.bin\)/);
    const short = new Map([['weights.bin', file.slice(0, 100)]]);
    expect(() => read(model, 'unet', { files: short })).toThrow(/which has 100: truncated file/);
  });
});

describe('branches', () => {
  const branch = (op: string): Attribute => ({
    type: 'graph',
    value: {
      name: op,
      inputs: [],
      outputs: [{ name: 'inner', dataType: 'float32' }],
      nodes: [node('Mul', ['x', 'two'], ['inner_0']), node(op, ['inner_0'], ['inner'])],
      initializers: new Map([['two', makeTensor([2], [], 'float32')]]),
    },
  });
  const branches = { then_branch: branch('Tanh'), else_branch: branch('Sigmoid') };
  const make = (opset: number) =>
    graphOf(
      opset,
      { x: [2, 3] },
      [
        node('Shape', ['x'], ['shape']),
        node('Size', ['shape'], ['rank']),
        node('Equal', ['rank', 'two dimensions'], ['flat']),
        node('If', ['flat'], ['h'], branches),
        node('Not', ['flat'], ['deep']),
        node('If', ['deep'], ['k'], branches),
        node('Add', ['h', 'k'], ['y']),
      ],
      ['y'],
      { 'two dimensions': makeTensor([2], [], 'int64') },
    );

  test('whose condition is known are put in place, and compute the same', async () => {
    const graph = make(17);
    expect(inferShapes(graph).nodes.map((n) => n.op)).not.toContain('If');
    await checkSame(graph);
    expect(read(write(graph)).nodes.map((n) => n.op)).toContain('If');
  });

  test('whose condition depends on data are refused', () => {
    const graph = make(17);
    const changed = graph.nodes.map((n) => (n.op === 'Equal' ? node('IsNaN', ['c'], ['flat']) : n));
    const inputs = [...graph.inputs, { name: 'c', dataType: 'float32' as const, shape: [] }];
    expect(() => inferShapes({ ...graph, inputs, nodes: changed })).toThrow(
      /If "\/h": its condition is not known before the model runs/,
    );
  });
});

describe('old operator sets', () => {
  const floats = (...values: number[]): Attribute => ({ type: 'floats', value: values });
  const ints = (...values: number[]): Attribute => ({ type: 'ints', value: values });
  const old = graphOf(
    9,
    { x: [1, 2, 3, 4] },
    [
      node('Unsqueeze', ['x'], ['a'], { axes: ints(0) }),
      node('Squeeze', ['a'], ['b'], { axes: ints(0) }),
      node('Slice', ['b'], ['c'], { axes: ints(3), starts: ints(1), ends: ints(100) }),
      node('Pad', ['c'], ['d'], { pads: ints(0, 0, 0, 0, 0, 0, 0, 1), value: float(0.5) }),
      node('Clip', ['d'], ['e'], { min: float(-0.7), max: float(0.7) }),
      node('Upsample', ['e', 'scales'], ['f'], { mode: 'nearest' }),
      node('Softmax', ['f'], ['g'], { axis: 2 }),
      node('ReduceSum', ['g'], ['h'], { axes: ints(2), keepdims: 1 }),
      node('Split', ['h'], ['i', 'j'], { axis: 3, split: ints(5, 3) }),
      node('Concat', ['j', 'i'], ['k'], { axis: 3 }),
      node('Dropout', ['k'], ['l', 'mask'], { ratio: float(0.5) }),
      node('Softmax', ['l'], ['y']),
    ],
    ['y'],
    { scales: makeTensor([1, 1, 2, 2], [4], 'float32') },
  );

  test('are raised when they are read, and compute the same', async () => {
    const bytes = write(old);
    const graph = read(bytes);
    expect(graph.opsets['']).toBe(17);
    const plain = inferShapes(graph);
    const feeds = randomFeeds(plain);
    const [before, after] = [await GraphSession.create(old), await GraphSession.create(plain)];
    const [wanted, found] = [await before.run(feeds), await after.run(feeds)];
    expect(relativeError(found.y!, wanted.y!)).toBeLessThan(1e-6);
    await before.dispose();
    await after.dispose();
  });

  test('of Upsample with its scales as an attribute', () => {
    const upsample = node('Upsample', ['x'], ['y'], { mode: 'linear', scales: floats(1, 1, 3, 1) });
    const graph = read(write(graphOf(7, { x: [1, 1, 2, 2] }, [upsample], ['y'])));
    expect(inferShapes(graph).outputs[0]!.shape).toEqual([1, 1, 6, 2]);
  });
});

describe("onnxruntime's fused operators compute and differentiate as they are", () => {
  const ms = (op: string, inputs: string[], outputs: string[], attributes: Attributes = {}) =>
    node(op, inputs, outputs, attributes, 'com.microsoft');
  const rows = { x: [2, 3, 8], skip: [2, 3, 8], scale: [8], shift: [8], bias: [8] };
  const one = (
    inputs: Readonly<Record<string, readonly number[]>>,
    op: string,
    names: string[],
    attributes: Attributes = {},
    outputs = ['y'],
  ) => graphOf(17, inputs, [ms(op, names, outputs, attributes)], outputs.filter(Boolean));
  const pick = (...names: (keyof typeof rows)[]) =>
    Object.fromEntries(names.map((name) => [name, rows[name]]));
  const cases: readonly [string, Graph][] = [
    [
      'SkipLayerNormalization',
      one(rows, 'SkipLayerNormalization', ['x', 'skip', 'scale', 'shift', 'bias'], {}, [
        'y',
        '',
        '',
        's',
      ]),
    ],
    [
      'SkipSimplifiedLayerNormalization',
      one(pick('x', 'skip', 'scale', 'bias'), 'SkipSimplifiedLayerNormalization', [
        'x',
        'skip',
        'scale',
        'bias',
      ]),
    ],
    ['BiasGelu', one(pick('x', 'bias'), 'BiasGelu', ['x', 'bias'])],
    ['Gelu', one(pick('x'), 'Gelu', ['x'])],
    ['FastGelu', one(pick('x', 'bias'), 'FastGelu', ['x', 'bias'])],
    ['QuickGelu', one(pick('x'), 'QuickGelu', ['x'], { alpha: float(1.5) })],
    [
      'FusedMatMul',
      one({ a: [2, 4, 3], b: [2, 5, 4] }, 'FusedMatMul', ['a', 'b'], {
        transA: 1,
        transB: 1,
        alpha: float(0.5),
      }),
    ],
    [
      'FusedConv',
      one({ x: [1, 2, 4, 4], w: [3, 2, 3, 3], b: [3] }, 'FusedConv', ['x', 'w', 'b'], {
        activation: 'Tanh',
      }),
    ],
    [
      'MultiHeadAttention',
      one(
        { q: [2, 3, 8], k: [2, 5, 8], v: [2, 5, 8], bias: [24] },
        'MultiHeadAttention',
        ['q', 'k', 'v', 'bias'],
        {
          num_heads: 2,
        },
      ),
    ],
    [
      'Attention',
      one({ x: [2, 3, 8], w: [8, 24], b: [24] }, 'Attention', ['x', 'w', 'b'], { num_heads: 2 }),
    ],
  ];
  test.each(cases)('%s', async (_, graph) => {
    await checkSame(graph);
  });

  /** What onnxruntime's CPU lacks is compared with its formula in plain operators. */
  const formulas: readonly [string, Graph, (g: Expressions) => string][] = [
    [
      'BiasSplitGelu',
      one({ x: [2, 3, 8], b: [8] }, 'BiasSplitGelu', ['x', 'b']),
      (g) => {
        const [left, right] = g.ops('Split', [g.add('x', 'b')], 2, { axis: 2, num_outputs: 2 });
        return g.mul(left!, g.op('Gelu', [right!]));
      },
    ],
    [
      'BiasAdd',
      one({ x: [2, 3, 8], b: [8], s: [2, 3, 8] }, 'BiasAdd', ['x', 'b', 's']),
      (g) => g.add(g.add('x', 'b'), 's'),
    ],
    [
      'NhwcConv',
      one({ x: [1, 5, 4, 3], w: [2, 3, 3, 3], b: [2] }, 'NhwcConv', ['x', 'w', 'b'], {
        pads: { type: 'ints', value: [1, 1, 1, 1] },
        kernel_shape: { type: 'ints', value: [3, 3] },
      }),
      (g) => {
        const [x, w] = [g.transpose('x', [0, 3, 1, 2]), g.transpose('w', [0, 3, 1, 2])];
        return g.transpose(g.op('Conv', [x, w, 'b'], { pads: [1, 1, 1, 1] }), [0, 2, 3, 1]);
      },
    ],
    [
      'SkipGroupNorm',
      one(
        { x: [1, 3, 2, 4], scale: [4], b: [4], s: [1, 4], c: [4] },
        'SkipGroupNorm',
        ['x', 'scale', 'b', 's', 'c'],
        {
          groups: 2,
          activation: 1,
        },
      ),
      (g) => {
        const sum = g.add(g.add('x', g.reshape('s', [1, 1, 1, 4])), 'c');
        const first = g.transpose(sum, [0, 3, 1, 2]);
        const normal = g.op('GroupNormalization', [first, 'scale', 'b'], { num_groups: 2 });
        return g.transpose(g.mul(normal, g.sigmoid(normal)), [0, 2, 3, 1]);
      },
    ],
  ];
  test.each(formulas)('%s, by its formula', async (_, graph, formula) => {
    const plain = inferShapes(graph);
    const g = new Expressions({ name: 'formula', opset: 21 });
    for (const { name, shape } of plain.inputs) g.input(name, shape as number[]);
    g.output(formula(g), 'y');
    const feeds = randomFeeds(plain);
    const [ours, twin] = [await GraphSession.create(plain), await GraphSession.create(g.build())];
    expect(relativeError((await ours.run(feeds)).y!, (await twin.run(feeds)).y!)).toBeLessThan(
      1e-5,
    );
    await ours.dispose();
    await twin.dispose();
    await checkGradient(
      plain,
      feeds,
      plain.inputs.map((input) => input.name),
      { tolerance: 2e-2 },
    );
  });

  test('MultiHeadAttention of keys and values in one tensor', async () => {
    const kv = { q: [1, 3, 8], kv: [1, 5, 2, 2, 4] };
    const packed = one(kv, 'MultiHeadAttention', ['q', 'kv'], { num_heads: 2 });
    const plain = inferShapes(packed);
    const feeds = randomFeeds(plain);
    const part = (i: number) =>
      Float32Array.from({ length: 40 }, (_, at) => {
        const [token, head, d] = [Math.floor(at / 8), Math.floor((at % 8) / 4), at % 4];
        return feeds.kv![((token * 2 + head) * 2 + i) * 4 + d]!;
      });
    const apart = one(
      { q: [1, 3, 8], k: [1, 5, 8], v: [1, 5, 8] },
      'MultiHeadAttention',
      ['q', 'k', 'v'],
      { num_heads: 2 },
    );
    const [ours, twin] = [await GraphSession.create(plain), await GraphSession.create(apart)];
    const found = (await ours.run(feeds)).y!;
    const wanted = (await twin.run({ q: feeds.q!, k: part(0), v: part(1) })).y!;
    expect(relativeError(found, wanted)).toBeLessThan(1e-5);
    await ours.dispose();
    await twin.dispose();
  });
});

describe('Attention of operator set 23', () => {
  const attention = (mask: boolean, attributes: Attributes) =>
    graphOf(
      23,
      { q: [2, 4, 3, 4], k: [2, 2, 5, 4], v: [2, 2, 5, 4], ...(mask && { mask: [3, 5] }) },
      [node('Attention', ['q', 'k', 'v', ...(mask ? ['mask'] : [])], ['y'], attributes)],
      ['y'],
    );

  test('with heads that share keys, a mask and a soft cap', async () => {
    await checkSame(attention(true, { softcap: float(2), scale: float(0.7) }));
  });

  test('that hides all keys of a query gives zero, and no NaN in the gradient', async () => {
    const graph = inferShapes(attention(true, {}));
    const feeds = randomFeeds(graph);
    feeds.mask!.fill(Number.NEGATIVE_INFINITY, 5, 10);
    const { q } = await checkGradient(graph, feeds, ['q', 'k', 'v']);
    for (const value of q!) expect(Number.isFinite(value)).toBe(true);
  });

  test('of past keys is refused by name where it is not known', () => {
    const graph = attention(false, { window: 3 });
    expect(() => inferShapes(graph)).toThrow('Attention "/y": window is not supported');
  });
});

test('draws have a shape, and no gradient', async () => {
  const sampled = graphOf(
    17,
    { mean: [2, 3], deviation: [2, 3] },
    [
      node('RandomNormalLike', ['mean'], ['noise'], { seed: float(1) }),
      node('Mul', ['noise', 'deviation'], ['scaled']),
      node('Add', ['mean', 'scaled'], ['y']),
    ],
    ['y'],
  );
  const plain = inferShapes(sampled);
  expect(plain.outputs[0]!.shape).toEqual([2, 3]);
  const { mean } = await checkGradient(
    { ...plain, nodes: plain.nodes },
    { mean: random(6, 1), deviation: new Float32Array(6) },
    ['mean'],
  );
  expect(mean).toHaveLength(6);
});

describe('LoRA targets where weights have no names', () => {
  /** Attention over x [2, 5, 8], exported so that only the metadata know the modules. */
  function anonymous(metadata: boolean): Graph {
    const g = new Expressions({ name: 'attention', opset: 18 });
    const x = g.input('x', [2, 5, 8]);
    let count = 100;
    const linear = (value: string) => {
      const w = g.initializer(`val_${count++}`, makeTensor(random(64, count), [8, 8], 'float32'));
      return g.op('MatMul', [value, w], {}, `node_linear_${count}`);
    };
    const heads = (value: string) => g.transpose(g.reshape(value, [2, 5, 2, 4]), [0, 2, 1, 3]);
    const [q, k, v] = [linear(x), linear(x), linear(x)];
    const score = g.scale(g.matmul(heads(q), g.swap(heads(k))), 0.5);
    const mixed = g.matmul(g.op('Softmax', [score], { axis: -1 }), heads(v));
    const joined = g.reshape(g.transpose(mixed, [0, 2, 1, 3]), [2, 5, 8]);
    g.output(linear(g.op('Tanh', [linear(joined)])), 'y');
    const graph = g.build();
    const modules = ['attn.to_q', 'attn.to_k', 'attn.to_v', 'attn.to_out.0', 'head'];
    let next = 0;
    const nodes = graph.nodes.map((n) => {
      if (!metadata || !n.name.startsWith('node_linear')) return n;
      const scopes = `['', 'attn', '${modules[next++]}', 'linear']`;
      return { ...n, metadata: { 'pkg.torch.onnx.name_scopes': scopes } };
    });
    return { ...graph, nodes };
  }
  const names = (graph: Graph, targets: string[]) =>
    injectLora(graph, { targets, rank: 1 })
      .layout.map((e) => e.name)
      .filter((n) => n.endsWith('.A'));

  test("are found by the modules that PyTorch's exporter noted, through the file", () => {
    const graph = read(write(anonymous(true)));
    expect(names(graph, ['*to_q', '*to_out.0'])).toEqual(['attn.to_q.A', 'attn.to_out.0.A']);
  });

  test('are found by their role in the attention', () => {
    const graph = anonymous(false);
    const of = (role: string) => names(graph, [`attention*.${role}`]);
    expect(['q', 'k', 'v', 'o'].map(of)).toEqual([
      ['val_100.A'],
      ['val_101.A'],
      ['val_102.A'],
      ['val_103.A'],
    ]);
    expect(() => names(graph, ['to_q'])).toThrow(/val_100 = attention0\.q/);
  });
});
