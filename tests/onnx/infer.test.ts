import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import {
  Expressions,
  type Graph,
  inferShapes,
  makeTensor,
  type Node,
  tensorValues,
  type Value,
  write,
} from '#onnx';
import { checkShapes, randomFeeds } from './graph_session';
import { smallUnet } from './networks';

describe('shapes that the runtime confirms', () => {
  test('of the small U-Net', async () => {
    const unet = smallUnet(3);
    expect(await checkShapes(unet, randomFeeds(unet))).toBeGreaterThan(100);
  });
});

/** y = x reshaped to [N, everything else], with the shape computed the way exporters do. */
function shapeArithmetic(): Graph {
  const node = (op: string, inputs: string[], output: string, attributes = {}): Node => ({
    ...{ name: output, op, domain: '', inputs, outputs: [output], attributes },
  });
  return {
    name: 'arithmetic',
    irVersion: 8,
    opsets: { '': 17 },
    inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 3, 'H', 4] }],
    outputs: [{ name: 'y', dataType: 'float32' }],
    initializers: new Map([
      ['zero', makeTensor([0], [], 'int64')],
      ['axes', makeTensor([0], [1], 'int64')],
      ['one', makeTensor([1], [1], 'int64')],
      ['four', makeTensor([4], [1], 'int64')],
      ['unused', makeTensor([1], [1], 'float32')],
    ]),
    nodes: [
      node('Shape', ['x'], 'shape'),
      node('Gather', ['shape', 'zero'], 'batch'),
      node('Unsqueeze', ['batch', 'axes'], 'first'),
      node('Slice', ['shape', 'one', 'four'], 'rest'),
      node('ReduceProd', ['rest'], 'product', { keepdims: { type: 'int', value: 1 } }),
      node('Concat', ['first', 'product'], 'target', { axis: { type: 'int', value: 0 } }),
      node('Reshape', ['x', 'target'], 'y'),
      node('Exp', ['x'], 'dead'),
    ],
  };
}

describe('constant folding', () => {
  test('turns arithmetic on shapes into initialisers, and drops what nothing needs', () => {
    const graph = inferShapes(shapeArithmetic(), { N: 2, H: 5 });
    expect(graph.nodes.map((node) => node.op)).toEqual(['Reshape']);
    expect(graph.outputs).toEqual([{ name: 'y', dataType: 'float32', shape: [2, 60] }]);
    expect([...graph.initializers.keys()]).toEqual(['target']);
    expect(tensorValues(graph.initializers.get('target')!)).toEqual([2, 60]);
  });

  /** Expressions of a [2, 3] int64, b [3] int64 and f [3] float32. */
  function expressions(g: Expressions, a: Value, b: Value, f: Value): Value[] {
    const pairs = ['Add', 'Sub', 'Mul', 'Div', 'Mod', 'Min', 'Max'];
    const comparisons = ['Equal', 'Less', 'LessOrEqual', 'Greater', 'GreaterOrEqual'];
    const [p, q] = [g.cast(a, 'bool'), g.cast(b, 'bool')];
    return [
      ...[...pairs, ...comparisons].map((op) => g.op(op, [a, b])),
      ...['Neg', 'Abs', 'Floor', 'Ceil', 'Reciprocal'].map((op) => g.op(op, [f])),
      g.sqrt(g.op('Abs', [f])),
      g.div(f, g.constant([3, 7, 11])),
      g.op('ReduceSum', [f]),
      g.cast(f, 'int64'),
      g.cast(a, 'float32'),
      p,
      g.where(g.op('Less', [a, b]), a, b),
      g.op('Not', [g.op('Or', [p, g.op('And', [p, q])])]),
      ...['ReduceSum', 'ReduceProd', 'ReduceMax', 'ReduceMin'].map((op) =>
        g.op(op, op === 'ReduceSum' ? [a, g.integers([0])] : [a]),
      ),
      g.op('Gather', [a, g.constant([-1, 0], [1, 2], 'int64')], { axis: 1 }),
      g.op('Slice', [a, g.integers([-1]), g.integers([-100]), g.integers([1]), g.integers([-2])]),
      g.concat([a, g.reshape(b, [1, 3])], 0),
      ...g.ops('Split', [a, g.integers([1, 2])], 2, { axis: 1 }),
      g.transpose(a, [1, 0]),
      g.expand(b, [2, 1, 3]),
      g.op('Tile', [a, g.integers([2, 2])]),
      g.op('Squeeze', [g.op('Unsqueeze', [b, g.integers([0, -1])])]),
      g.op('Flatten', [a], { axis: 0 }),
      g.op('Shape', [a], { start: -1 }),
      g.op('Size', [a]),
    ];
  }

  test('agrees with the runtime on every operator that it folds', async () => {
    const [a, b, f] = [
      [7, -7, 3, 0, 5, -2],
      [2, 2, -4],
      [1.5, -0.25, 3],
    ];
    const known = new Expressions({ name: 'known', opset: 17 });
    const folded = expressions(
      known,
      known.constant(a, [2, 3], 'int64'),
      known.constant(b, [3], 'int64'),
      known.constant(f, [3]),
    );
    expect(known.nodes).toEqual([]);
    const g = new Expressions({ name: 'unknown', opset: 17 });
    const inputs = [g.input('a', [2, 3], 'int64'), g.input('b', [3], 'int64'), g.input('f', [3])];
    const computed = expressions(g, ...(inputs as [Value, Value, Value]));
    for (const [i, value] of computed.entries()) g.output(value, `y${i}`);
    const session = await ort.InferenceSession.create(write(g.build()), { logSeverityLevel: 3 });
    const results = await session.run({
      a: new ort.Tensor('int64', BigInt64Array.from(a, BigInt), [2, 3]),
      b: new ort.Tensor('int64', BigInt64Array.from(b, BigInt), [3]),
      f: new ort.Tensor('float32', Float32Array.from(f), [3]),
    });
    folded.forEach((value, i) => {
      const found = Array.from(results[`y${i}`]!.data as unknown as ArrayLike<number>, Number);
      expect(found, value).toEqual(known.constantOf(value)!.values);
      expect(results[`y${i}`]!.dims, value).toEqual(known.shape(value));
    });
    await session.release();
  });

  test('knows ranges and filled shapes', () => {
    const g = new Expressions({ name: 'g' });
    const bounds = [3, -4, -2].map((value) => g.constant(value, [], 'int64'));
    expect(g.constantOf(g.op('Range', bounds))!.values).toEqual([3, 1, -1, -3]);
    const nines = { value: makeTensor([9], [1], 'int64') };
    const filled = g.op('ConstantOfShape', [g.integers([2, 2])], nines);
    expect(g.constantOf(filled)!.values).toEqual([9, 9, 9, 9]);
  });

  test('leaves floats alone that may be weights', () => {
    const g = new Expressions({ name: 'g' });
    const w = g.initializer('w', makeTensor([1, 2], [2], 'float32'));
    g.output(g.scale(w, 3), 'y');
    expect(g.build().nodes.map((node) => node.op)).toEqual(['Mul', 'Identity']);
  });
});

describe('refusing', () => {
  test('an unbound dimension, by its name and input', () => {
    expect(() => inferShapes(shapeArithmetic(), { H: 5 })).toThrow(
      /dimension "N" \(axis 0\) of input "x" is unbound/,
    );
  });

  test('an operator it does not know, by the node', () => {
    const graph = shapeArithmetic();
    const odd = { ...graph.nodes.at(-2)!, op: 'NonMaxSuppression', name: '/head/nms' };
    const changed = { ...graph, nodes: [...graph.nodes.slice(0, -2), odd] };
    expect(() => inferShapes(changed, { N: 1, H: 1 })).toThrow(
      'NonMaxSuppression "/head/nms": shape inference does not support this operator',
    );
  });

  test('an operator of another domain', () => {
    const graph = shapeArithmetic();
    const odd = { ...graph.nodes.at(-2)!, domain: 'com.microsoft' };
    const changed = { ...graph, nodes: [...graph.nodes.slice(0, -2), odd] };
    expect(() => inferShapes(changed, { N: 1, H: 1 })).toThrow(/com\.microsoft\.Reshape "y"/);
  });

  test('shapes that do not fit, by the node', () => {
    const g = new Expressions({ name: 'g' });
    const [a, b] = [g.input('a', [2, 3]), g.input('b', [2, 3])];
    expect(() => g.op('MatMul', [a, b], {}, '/q/MatMul')).toThrow(
      'MatMul "/q/MatMul": cannot multiply [2,3] by [2,3]',
    );
    expect(() => g.op('Add', [a, g.input('c', [4])], {}, '/add')).toThrow(
      'Add "/add": shapes [2,3] and [4] do not broadcast',
    );
  });

  test('a shape that depends on data', () => {
    const g = new Expressions({ name: 'g' });
    const [x, shape] = [g.input('x', [6]), g.input('shape', [2], 'int64')];
    expect(() => g.op('Reshape', [x, shape], {}, '/r')).toThrow(
      'Reshape "/r": needs a constant for input 1 ("shape")',
    );
  });

  test('an old operator set', () => {
    const graph = { ...shapeArithmetic(), opsets: { '': 11 } };
    expect(() => inferShapes(graph, { N: 1, H: 1 })).toThrow(/operator set 11: export it with 13/);
  });
});
