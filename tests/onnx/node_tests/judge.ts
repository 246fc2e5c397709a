/** What this library makes of one node test: its shapes, its values, its gradients. */
import {
  differentiate,
  type Graph,
  inferShapes,
  makeTensor,
  OnnxError,
  read,
  type StaticGraph,
  type Tensor,
  tensorValues,
  write,
} from '#onnx';
import { cosine, random } from '../graph_session';
import type { NodeTest } from './cases';
import { Model } from './runtime';

export type Verdict =
  /** Equal to the reference. */
  | 'right'
  | 'wrong'
  /** By an OnnxError. */
  | 'refused'
  /** By any other error, or the runtime refuses what was emitted. */
  | 'crash'
  /** There is no reference: the runtime does not run the test's model, or differences do not settle. */
  | 'incomparable';

export interface Judgement {
  readonly name: string;
  /** The operator; of an expanded function the test's name says which. */
  readonly op: string;
  readonly shapes: Verdict;
  /** What the graph computes after it was read, against the stored outputs. */
  readonly values: Verdict | undefined;
  /** One for each float input. */
  readonly gradients: readonly {
    readonly input: string;
    readonly verdict: Verdict;
    readonly note: string;
  }[];
  readonly note: string;
}

const isFloat = (tensor: { dataType: string }) => tensor.dataType.includes('float');
const isHalf = (tensor: { dataType: string }) => tensor.dataType === 'float16';
const words = (error: unknown) =>
  (error instanceof Error ? error.message : String(error)).split('\n')[0]!;
const verdictOf = (error: unknown): Verdict => (error instanceof OnnxError ? 'refused' : 'crash');

/** Judges one test; `null` for one whose values are no tensors of numbers. */
export async function judge(test: NodeTest): Promise<Judgement | null> {
  if (!test.inputs || !test.outputs) return null;
  const base = { name: test.name, values: undefined, gradients: [] };
  let graph: Graph;
  try {
    graph = read(test.model, test.name);
  } catch (error) {
    return { ...base, op: '?', shapes: verdictOf(error), note: words(error) };
  }
  const expanded = graph.nodes.length !== 1;
  const op = expanded
    ? 'functions'
    : [graph.nodes[0]!.domain, graph.nodes[0]!.op].filter(Boolean).join('.');
  let known: Bound;
  try {
    known = bind(graph, test.inputs);
  } catch (error) {
    return { ...base, op, shapes: verdictOf(error), note: words(error) };
  }
  const { fixed } = known;
  const mistake = [...test.outputs].flatMap(([name, tensor]) => {
    const type = fixed.types.get(name)!;
    const [found, wanted] = [type, tensor].map((t) => `${t.dataType} [${t.shape}]`);
    return found === wanted ? [] : [`${name}: ${found} for ${wanted}`];
  });
  if (mistake.length > 0) return { ...base, op, shapes: 'wrong', note: mistake.join('; ') };
  const values = await judgeValues(fixed, test);
  const gradients = [];
  if (values.verdict === 'right' || values.verdict === 'incomparable') {
    for (const input of fixed.inputs.filter(isFloat)) {
      gradients.push({ input: input.name, ...(await judgeGradient(known, test, input.name)) });
    }
  }
  return {
    name: test.name,
    op,
    shapes: 'right',
    values: values.verdict,
    gradients,
    note: values.note,
  };
}

interface Bound {
  /** As it was read, with the inputs that must be constants made so. */
  readonly graph: Graph;
  readonly fixed: StaticGraph;
}

/** Shapes, after the inputs that must be constants, such as the shape of a Reshape, are. */
function bind(graph: Graph, inputs: ReadonlyMap<string, Tensor>): Bound {
  let current = graph;
  for (;;) {
    try {
      return { graph: current, fixed: inferShapes(current) };
    } catch (error) {
      const [, name = ''] = /needs a constant for input \d+ \("(.*)"\)/.exec(words(error)) ?? [];
      const value = inputs.get(name);
      if (!value || !current.inputs.some((input) => input.name === name)) throw error;
      current = {
        ...current,
        inputs: current.inputs.filter((input) => input.name !== name),
        initializers: new Map([...current.initializers, [name, value]]),
      };
    }
  }
}

interface Finding {
  readonly verdict: Verdict;
  readonly note: string;
}

/** Operators that draw: their outputs are no reference. */
const random_ops = /^(Random|Bernoulli|Dropout)/;

async function judgeValues(graph: StaticGraph, test: NodeTest): Promise<Finding> {
  const drawn = graph.nodes.some((node) => random_ops.test(node.op));
  let model: Model;
  try {
    model = await Model.load(write(graph));
  } catch (error) {
    if (!(await resultsOf(test))) return { verdict: 'incomparable', note: words(error) };
    return { verdict: 'crash', note: `runtime: ${words(error)}` };
  }
  try {
    const found = await model.run(test.inputs!);
    for (const [name, wanted] of test.outputs!) {
      const result = found.get(name)!;
      if (`${result.shape}` !== `${wanted.shape}`)
        return { verdict: 'wrong', note: `shape of ${name}` };
      if (drawn) continue;
      const error = distance(tensorValues(result), tensorValues(wanted));
      const tolerance =
        isHalf(wanted) || isHalf([...test.inputs!.values()][0] ?? wanted) ? 2e-2 : 1e-3;
      if (error < tolerance) continue;
      // The runtime may differ from the reference by itself.
      const plain = (await resultsOf(test))?.get(name);
      const same = plain && distance(tensorValues(result), tensorValues(plain)) < tolerance;
      return { verdict: same ? 'incomparable' : 'wrong', note: `${name} differs by ${error}` };
    }
    return { verdict: drawn ? 'incomparable' : 'right', note: '' };
  } catch (error) {
    if (!(await resultsOf(test))) return { verdict: 'incomparable', note: words(error) };
    return { verdict: 'crash', note: `runtime: ${words(error)}` };
  } finally {
    await model.dispose();
  }
}

/** What the runtime makes of the test's own model; undefined where it refuses it. */
async function resultsOf(test: NodeTest): Promise<Map<string, Tensor> | undefined> {
  try {
    const model = await Model.load(test.model);
    const results = await model.run(test.inputs!);
    await model.dispose();
    return results;
  } catch {
    return undefined;
  }
}

/** Largest difference relative to the largest magnitude, infinities and NaN at the same places left out. */
function distance(found: readonly number[], wanted: readonly number[]): number {
  let [scale, error] = [1e-6, 0];
  wanted.forEach((value, i) => {
    if (Object.is(value, found[i]) || (Number.isNaN(value) && Number.isNaN(found[i]))) return;
    scale = Math.max(scale, Math.abs(value));
    error = Math.max(error, Math.abs(value - found[i]!));
  });
  for (const value of wanted) if (Number.isFinite(value)) scale = Math.max(scale, Math.abs(value));
  return error / scale;
}

/** How many elements of an input are moved: of a larger one, as many at random. */
const MOVED = 48;

/** How many of them measure what rounding does to the loss. */
const PROBED = 8;

/** float16 is too coarse for differences: the reference then runs in float32. */
function widened(graph: Graph): Graph {
  const wide = (tensor: Tensor): Tensor =>
    isHalf(tensor) ? makeTensor(tensorValues(tensor), tensor.shape, 'float32') : tensor;
  const info = <T extends { dataType: string }>(value: T): T =>
    isHalf(value) ? { ...value, dataType: 'float32' } : value;
  return {
    ...graph,
    inputs: graph.inputs.map(info),
    outputs: graph.outputs.map(info),
    initializers: new Map([...graph.initializers].map(([name, t]) => [name, wide(t)])),
    nodes: graph.nodes.map((node) => ({
      ...node,
      attributes: Object.fromEntries(
        Object.entries(node.attributes).map(([name, a]) => {
          if (a.type === 'tensor') return [name, { ...a, value: wide(a.value) }];
          const toHalf = name === 'to' && node.op === 'Cast' && a.type === 'int' && a.value === 10;
          return [name, toHalf ? { type: 'int', value: 1 } : a];
        }),
      ),
    })),
  };
}

async function judgeGradient(
  { graph, fixed }: Bound,
  test: NodeTest,
  input: string,
): Promise<Finding> {
  const outputs = fixed.outputs.filter(isFloat);
  if (outputs.length === 0) return { verdict: 'incomparable', note: 'no float output' };
  const seeds = new Map<string, Tensor>();
  const of: Record<string, string> = {};
  outputs.forEach(({ name, dataType }, i) => {
    const { shape } = fixed.types.get(name)!;
    const size = shape.reduce((a, b) => a * b, 1);
    of[name] = `seed of ${name}`;
    seeds.set(of[name], makeTensor(random(size, 99 + i), shape, dataType));
  });

  // Off the points at which an operator has a kink: the tests' numbers are often whole.
  const start = new Map(
    [...test.inputs!].map(([name, t], i) => {
      if (name !== input || !isFloat(t)) return [name, t];
      const noise = random(tensorValues(t).length, 7 + i);
      const moved = tensorValues(t).map(
        (v, k) => v + 0.02 * noise[k]! * Math.max(Math.abs(v), 0.3),
      );
      return [name, makeTensor(moved, t.shape, t.dataType)];
    }),
  );
  const wide = widened(graph);
  const widePoint = new Map(
    [...start].map(([name, t]) => [
      name,
      isHalf(t) ? makeTensor(tensorValues(t), t.shape, 'float32') : t,
    ]),
  );
  let reference: Reference;
  try {
    const model = await Model.load(
      isHalf(start.get(input)!) ? write(wide) : graph.initializers.size ? write(graph) : test.model,
    );
    try {
      reference = await differences(model, widePoint, start, input, of, seeds);
    } finally {
      await model.dispose();
    }
  } catch (error) {
    reference = { problem: words(error) };
  }

  let found: number[];
  try {
    const { graph: backward, gradients } = differentiate(fixed, { of, withRespectTo: [input] });
    const model = await Model.load(write(backward));
    const results = await model.run(new Map([...start, ...seeds]));
    await model.dispose();
    found = tensorValues(results.get(gradients[input]!)!);
  } catch (error) {
    if (!(error instanceof OnnxError)) {
      const runtime = !(error instanceof TypeError || error instanceof RangeError);
      if (runtime && 'problem' in reference) return { verdict: 'incomparable', note: words(error) };
      return { verdict: 'crash', note: words(error) };
    }
    const zero = words(error).includes('is zero: ');
    if (!zero || 'problem' in reference) return { verdict: 'refused', note: words(error) };
    found = new Array<number>(start.get(input)!.shape.reduce((a, b) => a * b, 1)).fill(0);
  }
  if ('problem' in reference) return { verdict: 'incomparable', note: reference.problem };
  const { at, slopes, noise } = reference;
  const mine = at.map((i) => found[i]!);
  const scale = Math.max(1e-3, ...slopes.map(Math.abs));
  const error = Math.max(0, ...slopes.map((slope, i) => Math.abs(slope - mine[i]!)));
  const tolerance = isHalf(start.get(input)!) ? 4e-2 : 1e-2;
  if (error <= tolerance * scale + noise) return { verdict: 'right', note: '' };
  return {
    verdict: 'wrong',
    note: `error ${error.toPrecision(3)} of ${scale.toPrecision(3)}, cosine ${cosine(mine, slopes).toPrecision(5)}: ${mine.slice(0, 4)} for ${slopes.slice(0, 4)}`,
  };
}

type Reference =
  | { readonly at: readonly number[]; readonly slopes: readonly number[]; readonly noise: number }
  | { readonly problem: string };

/**
 * Central differences, extrapolated from two steps; elements where the two disagree are left out, as at a kink.
 * `noise` is what rounding alone may make of a slope.
 */
async function differences(
  model: Model,
  point: ReadonlyMap<string, Tensor>,
  start: ReadonlyMap<string, Tensor>,
  input: string,
  of: Readonly<Record<string, string>>,
  seeds: ReadonlyMap<string, Tensor>,
): Promise<Reference> {
  const values = tensorValues(start.get(input)!);
  const { shape, dataType } = point.get(input)!;
  const weights = Object.entries(of).map(
    ([name, seed]) => [name, tensorValues(seeds.get(seed)!)] as const,
  );
  /** The loss, and the sum of its terms' magnitudes. */
  const loss = async (at: readonly number[]) => {
    const moved = makeTensor(at, shape, dataType);
    const results = await model.run(new Map([...point, [input, moved]]));
    let [sum, magnitude] = [0, 0];
    for (const [name, w] of weights) {
      tensorValues(results.get(name)!).forEach((y, i) => {
        sum += y * w[i]!;
        magnitude += Math.abs(y * w[i]!);
      });
    }
    return { sum, magnitude };
  };
  const order = values.map((_, i) => i);
  if (order.length > MOVED) {
    const draws = random(order.length, 5);
    order.sort((a, b) => draws[a]! - draws[b]!);
  }
  const double = dataType === 'float64';
  const rounded = double ? (v: number) => v : Math.fround;
  const epsilon = double ? 2 ** -53 : 2 ** -24;
  const { sum: centre, magnitude } = await loss(values);
  const stepOf = (i: number) => (double ? 1e-4 : 1e-2) * Math.max(Math.abs(values[i]!), 0.5);
  // Of a loss: that of its own sum, or what moves it where the step is too short for anything else to.
  let rounding = 4 * epsilon * magnitude;
  for (const i of order.slice(0, PROBED)) {
    const short = stepOf(i) / 64;
    const [above, below] = [values[i]! + short, values[i]! - short].map(rounded);
    const [a, b] = [await loss(values.with(i, above!)), await loss(values.with(i, below!))];
    const bend = Math.abs(a.sum + b.sum - 2 * centre);
    if (Number.isFinite(bend)) rounding = Math.max(rounding, bend);
  }
  let noise = 0;
  const found: { i: number; coarse: number; fine: number }[] = [];
  for (const i of order.slice(0, MOVED)) {
    const slope = async (step: number) => {
      const [high, low] = [rounded(values[i]! + step), rounded(values[i]! - step)];
      const [above, below] = [await loss(values.with(i, high)), await loss(values.with(i, low))];
      return (above.sum - below.sum) / (high - low);
    };
    const step = stepOf(i);
    noise = Math.max(noise, rounding / step);
    const [coarse, fine] = [await slope(step), await slope(step / 2)];
    if (Number.isFinite(coarse) && Number.isFinite(fine)) found.push({ i, coarse, fine });
  }
  const scale = Math.max(0, ...found.map(({ fine }) => Math.abs(fine)));
  const settled = found.filter(
    ({ coarse, fine }) => Math.abs(coarse - fine) <= 0.01 * scale + 2 * noise,
  );
  if (order.length > 0 && settled.length === 0) {
    return { problem: 'the differences do not settle' };
  }
  if (!(noise <= 0.03 * scale) && scale > 0) {
    return { problem: 'the differences drown in rounding' };
  }
  return {
    at: settled.map(({ i }) => i),
    slopes: settled.map(({ coarse, fine }) => (4 * fine - coarse) / 3),
    // Half the step doubles what rounding does to a slope, and extrapolation weighs that slope by four thirds.
    noise: 3 * noise,
  };
}
