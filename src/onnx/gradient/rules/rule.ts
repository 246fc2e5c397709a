/** What a gradient rule sees of a node. */
import type { Value } from '../../build/builder';
import type { Expressions } from '../../build/expressions';
import type { Node } from '../../graph/graph';
import { Site } from '../../infer/rule';

/** The gradient of elements start ... start + length - 1 of one axis; of the others it is zero. */
export interface AxisPart {
  readonly axis: number;
  readonly start: number;
  readonly value: Value;
}

/** Gradient by one input: of a shape that broadcasts to or from the input's, or of parts of it. */
export type Gradient = Value | readonly AxisPart[];

/** A forward node with the gradients of its outputs. */
export class GradientSite extends Site {
  readonly g: Expressions;
  /** Gradients by the outputs; undefined where nothing depends on one. */
  readonly dys: readonly (Value | undefined)[];

  constructor(node: Node, g: Expressions, dys: readonly (Value | undefined)[]) {
    const types = node.inputs.map((input) => (input ? g.type(input) : undefined));
    super(node, g.opset, types, (value) => g.constantOf(value));
    this.g = g;
    this.dys = dys;
  }

  /** The inputs; omitted ones are ''. */
  get inputs(): readonly [Value, Value, Value, ...Value[]] {
    return this.node.inputs as unknown as [Value, Value, Value, ...Value[]];
  }

  /** First input. */
  get x(): Value {
    return this.inputs[0];
  }

  /** First output. */
  get y(): Value {
    return this.node.outputs[0]!;
  }

  /** Gradient by the first output, where nothing depends on the others. A rule that knows them reads `dys`. */
  get dy(): Value {
    const [first, ...others] = this.dys;
    if (first && others.every((dy) => dy === undefined)) return first;
    return this.fail('has a gradient by a secondary output: not supported');
  }

  /** A contribution that was computed in a wider type or shape, as the input at `index` has them. */
  narrow(value: Value, index: number): Value {
    const { g } = this;
    return g.cast(g.fit(value, this.shape(index)), this.dataType(index));
  }
}

/**
 * Gradients by the inputs, in their order, each computed only if it is needed; null where it is zero everywhere,
 * missing where the operator is not differentiable by that input.
 */
export type GradientRule = (site: GradientSite) => readonly ((() => Gradient) | null)[];
