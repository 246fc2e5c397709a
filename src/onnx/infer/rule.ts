/** What a rule of shape inference sees of a node. */
import { type DataType, describeNode, type Node, OnnxError, type TensorType } from '../graph/graph';

/** Elements of a small tensor whose value is known before the model runs. */
export interface Constant extends TensorType {
  readonly values: readonly number[];
}

/** A node with the types, and where known the values, of its inputs. */
export class Site {
  readonly node: Node;
  /** Version of the standard operator set. */
  readonly opset: number;
  readonly #types: readonly (TensorType | undefined)[];
  readonly #constant: (value: string) => Constant | undefined;

  constructor(
    node: Node,
    opset: number,
    types: readonly (TensorType | undefined)[],
    constant: (value: string) => Constant | undefined,
  ) {
    this.node = node;
    this.opset = opset;
    this.#types = types;
    this.#constant = constant;
  }

  get inputCount(): number {
    return this.node.inputs.length;
  }

  /** Type of an input, undefined where it is omitted. */
  optionalType(index: number): TensorType | undefined {
    return this.#types[index];
  }

  /** @throws {OnnxError} if the input is omitted. */
  type(index: number): TensorType {
    return this.#types[index] ?? this.fail(`lacks input ${index}`);
  }

  shape(index: number): readonly number[] {
    return this.type(index).shape;
  }

  dataType(index = 0): DataType {
    return this.type(index).dataType;
  }

  /** Value of an input, undefined where it is omitted or not known before the model runs. */
  optionalConstant(index: number): Constant | undefined {
    const name = this.node.inputs[index];
    return name ? this.#constant(name) : undefined;
  }

  /** @throws {OnnxError} if the input's value is not known before the model runs. */
  constant(index: number): readonly number[] {
    const name = this.node.inputs[index];
    const found = this.optionalConstant(index);
    return found?.values ?? this.fail(`needs a constant for input ${index} ("${name ?? ''}")`);
  }

  /** A constant input, or undefined where it is omitted; an error where it is not constant. */
  constantIfPresent(index: number): readonly number[] | undefined {
    return this.node.inputs[index] ? this.constant(index) : undefined;
  }

  fail(problem: string): never {
    throw new OnnxError(`${describeNode(this.node)}: ${problem}`);
  }
}

/** Types of a node's outputs from the types of its inputs. */
export type InferRule = (site: Site) => readonly TensorType[];
