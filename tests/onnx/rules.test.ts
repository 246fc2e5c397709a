import { describe, expect, test } from 'vitest';
import { differentiate, Expressions } from '#onnx';
import { families, graphOf, names, title } from './cases';
import { checkGradient, GraphSession, randomFeeds } from './graph_session';

describe.each(Object.entries(families))('%s', (_, cases) => {
  test.each(cases.map((c) => [title(c), c] as const))('%s', async (__, c) => {
    const graph = graphOf(c);
    const feeds = randomFeeds(graph, ...(c.range ?? [-1, 1]));
    const step = c.epsilon === undefined ? {} : { epsilon: c.epsilon };
    await checkGradient(graph, feeds, names.slice(0, c.shapes.length), step);
  });
});

test('x sigmoid(x) in one piece, the gate used elsewhere too', async () => {
  const g = new Expressions({ name: 'silu' });
  const x = g.input('x', [3, 5]);
  const gate = g.sigmoid(x);
  g.output(g.add(g.mul(x, gate), g.square(gate)), 'y');
  await checkGradient(g.build(), randomFeeds(g.build(), -3, 3), ['x']);
});

describe('at a point without a derivative', () => {
  const gradientOf = async (op: string, x: readonly number[]) => {
    const g = new Expressions({ name: op });
    g.output(g.op(op, [g.input('x', [2, 4]), g.integers([1])]), 'y');
    const of = { y: 'dy' };
    const { graph } = differentiate(g.build(), { of, withRespectTo: ['x'] });
    const session = await GraphSession.create(graph);
    const results = await session.run({ x: Float32Array.from(x), dy: Float32Array.of(6, 12) });
    await session.dispose();
    return [...results['gradient/x']!];
  };

  test.each([
    ['ReduceMax', [1, 5, 5, 2, 3, 3, 3, 0], [0, 3, 3, 0, 4, 4, 4, 0]],
    ['ReduceMin', [1, 5, 1, 1, 7, 8, 9, 0], [2, 0, 2, 2, 0, 0, 0, 12]],
  ])('%s shares among those that attain it', async (op, x, gradient) => {
    expect(await gradientOf(op, x)).toEqual(gradient);
  });

  test('the length of nothing has the gradient zero', async () => {
    const gradient = await gradientOf('ReduceL2', [0, 0, 0, 0, 3, 0, 4, 0]);
    expect(gradient.slice(0, 4)).toEqual([0, 0, 0, 0]);
    expect(gradient[6]).toBeCloseTo(9.6, 5);
  });
});

test('x x, the same value twice', async () => {
  const g = new Expressions({ name: 'square' });
  const x = g.input('x', [5]);
  g.output(g.mul(x, x), 'y');
  await checkGradient(g.build(), randomFeeds(g.build()), ['x']);
});

test('nothing flows through steps: the gradient of x floor(x) is floor(x)', async () => {
  const g = new Expressions({ name: 'steps' });
  const x = g.input('x', [5]);
  const steps = ['Floor', 'Ceil', 'Round', 'Sign'].map((op) => g.op(op, [x]));
  g.output(g.concat([...steps.map((value) => g.mul(x, value)), x], 0), 'y');
  const feeds = { x: Float32Array.of(-1.3, -0.4, 0.3, 0.7, 1.6) };
  await checkGradient(g.build(), feeds, ['x']);
});

test('a Cast to double and back', async () => {
  const g = new Expressions({ name: 'cast' });
  const x = g.input('x', [5]);
  g.output(g.cast(g.square(g.cast(x, 'float64')), 'float32'), 'y');
  await checkGradient(g.build(), randomFeeds(g.build()), ['x']);
});

test('Gather by indices known only when the model runs', async () => {
  const g = new Expressions({ name: 'embedding' });
  const table = g.input('table', [5, 3]);
  const ids = g.input('ids', [2, 2], 'int64');
  g.output(g.op('Gather', [table, ids]), 'y');
  const graph = g.build();
  const feeds = { ...randomFeeds(graph), ids: BigInt64Array.of(4n, 0n, -1n, 2n) };
  const { table: gradient } = await checkGradient(graph, feeds, ['table']);
  // Rows 1 and 3 are not read.
  expect([...gradient!.slice(3, 6), ...gradient!.slice(9, 12)]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('slices of one vector, with gaps and overlaps', async () => {
  const g = new Expressions({ name: 'slices' });
  const x = g.input('x', [13]);
  const cut = (start: number, length: number) => g.slice(x, 0, start, length);
  const parts = [cut(1, 3), cut(4, 2), cut(8, 3), cut(3, 4), g.square(cut(0, 13))];
  g.output(g.concat(parts, 0), 'y');
  await checkGradient(g.build(), randomFeeds(g.build()), ['x']);
});
