/**
 * Activation checkpointing (Chen et al., "Training deep nets with sublinear memory cost", arXiv:1604.06174): the gradient
 * computes parts of the forward pass again instead of keeping their values. The forward nodes are cut into segments; what
 * crosses a cut is kept, and all else of a segment is computed again where the gradient first needs it.
 */
import {
  elementCount,
  type Node,
  OnnxError,
  type StaticGraph,
  type Tensor,
  type TensorType,
  valuesRead,
} from '../graph/graph';
import { prune } from '../graph/prune';
import { isFloat, makeTensor } from '../graph/tensor';
import { bytesOf, constantsOf, peakMemory } from './peak';

/** What draws random numbers gives others when it runs again. */
const DRAWS = /^(Random|Bernoulli|Dropout)/;

/** Smaller values are not made to wait. */
const WAITING_FROM = 64;

/** How many sizes of a segment are tried: each half of the one before. */
const TRIES = 16;

/**
 * A gradient whose live values take at most `budget` bytes, with as little computed again as that allows.
 * @param forward the nodes that are not of the gradient, in order.
 * @throws {OnnxError} saying how little is possible.
 */
export function recompute(
  graph: StaticGraph,
  forward: ReadonlySet<Node>,
  budget: number,
): StaticGraph {
  let least = peakMemory(graph);
  if (least <= budget) return graph;
  const plan = new Plan(graph, forward);
  for (let i = 0, size = plan.kept; i < TRIES; i++, size /= 2) {
    const candidate = plan.recomputed(plan.cuts(size / 2));
    const peak = peakMemory(candidate);
    if (peak <= budget) return candidate;
    least = Math.min(least, peak);
  }
  throw new OnnxError(
    `graph "${graph.name}": its gradient needs ${least} bytes of values at least, more than the ${budget} allowed`,
  );
}

/** A forward pass, and which of its values its gradient reads. */
class Plan {
  readonly #graph: StaticGraph;
  readonly #first: readonly Node[];
  readonly #later: readonly Node[];
  readonly #constant: ReadonlySet<string>;
  /** Where in the forward pass a value is made. */
  readonly #madeAt = new Map<string, number>();
  /** Per position the bytes of values that the gradient reads and that are made before it. */
  readonly #keptBefore: readonly number[];
  /** Per position the bytes of values that are made before it and read at it or after. */
  readonly #crossing: readonly number[];

  constructor(graph: StaticGraph, forward: ReadonlySet<Node>) {
    this.#graph = graph;
    this.#first = graph.nodes.filter((node) => forward.has(node));
    this.#later = graph.nodes.filter((node) => !forward.has(node));
    this.#constant = constantsOf(graph);
    this.#first.forEach((node, at) => {
      for (const output of node.outputs) this.#madeAt.set(output, at);
    });
    const [kept, steps] = [
      new Array<number>(this.#first.length + 1).fill(0),
      new Array<number>(this.#first.length + 2).fill(0),
    ];
    for (const value of this.#readLater())
      kept[this.#madeAt.get(value)! + 1]! += this.#bytes(value);
    for (const [value, last] of this.#lastReads()) {
      steps[this.#madeAt.get(value)! + 1]! += this.#bytes(value);
      steps[last + 1]! -= this.#bytes(value);
    }
    let [keptSum, alive] = [0, 0];
    this.#keptBefore = kept.map((bytes) => {
      keptSum += bytes;
      return keptSum;
    });
    this.#crossing = steps.map((change) => {
      alive += change;
      return alive;
    });
  }

  #bytes(value: string): number {
    return this.#constant.has(value) ? 0 : bytesOf(this.#graph, value);
  }

  /** Values of the forward pass that the gradient reads. */
  #readLater(): Set<string> {
    return new Set(this.#later.flatMap(valuesRead).filter((value) => this.#madeAt.has(value)));
  }

  /** Where in the forward pass each value is read for the last time. */
  #lastReads(): Map<string, number> {
    const last = new Map<string, number>();
    this.#first.forEach((node, at) => {
      for (const value of valuesRead(node)) if (this.#madeAt.has(value)) last.set(value, at);
    });
    return last;
  }

  /** Bytes that the gradient keeps if nothing is computed again. */
  get kept(): number {
    return this.#keptBefore.at(-1)!;
  }

  /** Where to cut so that a segment keeps about `size` bytes: at the narrowest place of the further half of each. */
  cuts(size: number): number[] {
    const [cuts, end] = [[0], this.#first.length];
    for (let from = 0; from < end; ) {
      let furthest = from + 1;
      const within = (to: number) => this.#keptBefore[to]! - this.#keptBefore[from]! <= size;
      while (furthest < end && within(furthest + 1)) furthest++;
      if (furthest >= end) break;
      let best = furthest;
      for (let at = furthest; at > from + (furthest - from) / 2; at--) {
        if (this.#crossing[at]! < this.#crossing[best]!) best = at;
      }
      cuts.push(best);
      from = best;
    }
    return cuts;
  }

  /** The graph with every segment but the last computed again. */
  recomputed(cuts: readonly number[]): StaticGraph {
    const segmentOf = new Array<number>(this.#first.length).fill(0);
    cuts.forEach((cut, segment) => {
      segmentOf.fill(segment, cut);
    });
    const crossing = this.#valuesThatCross(cuts, segmentOf);
    const again = (value: string) => {
      const at = this.#madeAt.get(value);
      if (at === undefined || crossing.has(value) || this.#constant.has(value)) return undefined;
      if (DRAWS.test(this.#first[at]!.op)) return undefined;
      return segmentOf[at] === cuts.length - 1 ? undefined : segmentOf[at];
    };
    const copies = new Copies(this.#graph, this.#constant);
    const nodes: Node[] = [...this.#first];
    const needed = this.#neededBySegment(again);
    const done = new Set<number>();
    let latest: string | undefined;
    const isLate = this.#dependants(cuts.at(-1)!);
    for (const node of this.#later) {
      for (const value of valuesRead(node)) {
        const segment = again(value);
        if (segment === undefined || done.has(segment)) continue;
        done.add(segment);
        nodes.push(...copies.of(this.#nodesOf(needed.get(segment)!, again), again, latest));
      }
      const inputs = node.inputs.map((value) => copies.name(value));
      nodes.push({ ...node, inputs });
      latest = node.outputs.find((output) => isLate.has(output)) ?? latest;
    }
    const { types, initializers } = copies;
    return prune({ ...this.#graph, nodes, types, initializers });
  }

  /** What a segment reads of those before it. */
  #valuesThatCross(cuts: readonly number[], segmentOf: readonly number[]): Set<string> {
    const crossing = new Set<string>();
    this.#first.forEach((node, at) => {
      for (const value of valuesRead(node)) {
        const made = this.#madeAt.get(value);
        if (made !== undefined && segmentOf[made] !== segmentOf[at]) crossing.add(value);
      }
    });
    for (const { name } of this.#graph.outputs) crossing.add(name);
    return cuts.length > 1 ? crossing : new Set(this.#madeAt.keys());
  }

  #neededBySegment(again: (value: string) => number | undefined): Map<number, string[]> {
    const needed = new Map<number, string[]>();
    for (const value of this.#readLater()) {
      const segment = again(value);
      if (segment !== undefined) needed.set(segment, [...(needed.get(segment) ?? []), value]);
    }
    return needed;
  }

  /** The nodes that make some values of a segment out of what is kept, in order. */
  #nodesOf(values: readonly string[], again: (value: string) => number | undefined): Node[] {
    const open = [...values];
    const positions = new Set<number>();
    for (let value = open.pop(); value !== undefined; value = open.pop()) {
      const at = this.#madeAt.get(value);
      if (again(value) === undefined || at === undefined || positions.has(at)) continue;
      positions.add(at);
      open.push(...valuesRead(this.#first[at]!));
    }
    return [...positions].sort((a, b) => a - b).map((at) => this.#first[at]!);
  }

  /** Floats of the gradient that are known only when the last segment has run, or when the seeds are. */
  #dependants(lastSegment: number): Set<string> {
    const last = this.#first.slice(lastSegment).flatMap((node) => node.outputs);
    const own = new Set(this.#first.flatMap((node) => valuesRead(node)));
    const seeds = this.#graph.inputs.map((input) => input.name).filter((name) => !own.has(name));
    const late = new Set([...last.filter((value) => !this.#constant.has(value)), ...seeds]);
    const found = new Set<string>();
    for (const node of this.#later) {
      if (!valuesRead(node).some((value) => late.has(value))) continue;
      for (const output of node.outputs) {
        if (output === '' || !isFloat(this.#graph.types.get(output)!.dataType)) continue;
        late.add(output);
        found.add(output);
      }
    }
    return found;
  }
}

/** Nodes once more, under other names. */
class Copies {
  readonly types: Map<string, TensorType>;
  readonly initializers: Map<string, Tensor>;
  readonly #constant: ReadonlySet<string>;
  readonly #names = new Map<string, string>();
  #count = 0;

  constructor(graph: StaticGraph, constant: ReadonlySet<string>) {
    this.types = new Map(graph.types);
    this.initializers = new Map(graph.initializers);
    this.#constant = constant;
  }

  /** What a value of the forward pass is called in the gradient. */
  name(value: string): string {
    return this.#names.get(value) ?? value;
  }

  #fresh(name: string): string {
    let fresh = `${name}/again`;
    while (this.types.has(fresh)) fresh = `${name}/again_${this.#count++}`;
    return fresh;
  }

  /**
   * The same nodes again, and before them those that make their inputs wait for `latest`: a runtime would otherwise
   * find that they compute what is known already, or compute them early.
   */
  of(
    nodes: readonly Node[],
    again: (value: string) => number | undefined,
    latest: string | undefined,
  ): Node[] {
    const result: Node[] = [];
    const waiting = new Map<string, string>();
    const zero = latest === undefined ? undefined : this.#zeroAfter(latest, result);
    const wait = (value: string): string => {
      const type = this.types.get(value);
      const large = type && isFloat(type.dataType) && elementCount(type.shape) >= WAITING_FROM;
      if (!zero || !large || this.#constant.has(value)) return value;
      const before = waiting.get(value);
      if (before) return before;
      const term = this.#cast(zero, type.dataType, result);
      const late = this.#emit('Add', [value, term], `${value}/kept`, type, result);
      waiting.set(value, late);
      return late;
    };
    for (const node of nodes) {
      const inputs = node.inputs.map((value) => this.#names.get(value) ?? wait(value));
      const outputs = node.outputs.map((output) => {
        if (output === '') return '';
        const fresh = this.#fresh(output);
        this.types.set(fresh, this.types.get(output)!);
        if (again(output) !== undefined) this.#names.set(output, fresh);
        return fresh;
      });
      result.push({ ...node, name: this.#fresh(node.name), inputs, outputs });
    }
    return result;
  }

  /** A zero [1] that is known only when `value` is. */
  #zeroAfter(value: string, nodes: Node[]): string {
    const { dataType } = this.types.get(value)!;
    const list = (name: string, numbers: number[]) => {
      const constant = this.#fresh(name);
      const tensor = makeTensor(numbers, [numbers.length], 'int64');
      this.initializers.set(constant, tensor);
      this.types.set(constant, tensor);
      return constant;
    };
    const flatType = { dataType, shape: [elementCount(this.types.get(value)!.shape)] };
    const one = { dataType, shape: [1] };
    const flat = this.#emit(
      'Reshape',
      [value, list(`${value}/flat`, [-1])],
      `${value}/line`,
      flatType,
      nodes,
    );
    const bounds = [list(`${value}/start`, [0]), list(`${value}/end`, [1])];
    const head = this.#emit('Slice', [flat, ...bounds], `${value}/head`, one, nodes);
    const none = this.#fresh(`${value}/none`);
    const tensor = makeTensor([0], [1], dataType);
    this.initializers.set(none, tensor);
    this.types.set(none, tensor);
    return this.#emit('Mul', [head, none], `${value}/zero`, one, nodes);
  }

  #cast(value: string, dataType: TensorType['dataType'], nodes: Node[]): string {
    if (this.types.get(value)!.dataType === dataType) return value;
    const like = this.#fresh(`${value}/like`);
    const tensor = makeTensor([0], [1], dataType);
    this.initializers.set(like, tensor);
    this.types.set(like, tensor);
    return this.#emit('CastLike', [value, like], `${value}/cast`, { dataType, shape: [1] }, nodes);
  }

  #emit(op: string, inputs: string[], name: string, type: TensorType, nodes: Node[]): string {
    const output = this.#fresh(name);
    this.types.set(output, type);
    nodes.push({ name: output, op, domain: '', inputs, outputs: [output], attributes: {} });
    return output;
  }
}
