/** Operators that are read as plainer ones, because runtimes lack them on some of their execution providers. */

import { floatAttribute, intAttribute, type Node } from '../graph/graph';
import type { GraphBuilder } from './builder';

/** Emits the replacement of a node; its result takes the name of the node's output. */
type Decompose = (g: GraphBuilder, node: Node) => void;

/**
 * Group normalisation (Wu and He 2018) of [N, C, spatial...] as an InstanceNormalization of groups, then scale and
 * bias: per channel from operator set 21 on, per group before.
 */
const groupNormalization: Decompose = (g, node) => {
  const [x, scale, bias] = node.inputs as [string, string, string];
  const [y] = node.outputs as [string];
  const [n, c, ...spatial] = g.shape(x) as [number, number, ...number[]];
  const groups = intAttribute(node, 'num_groups', 1);
  const { dataType } = g.type(x);
  const int64 = (values: number[]) => g.constant(values, [values.length], 'int64');
  const fill = (value: number) => g.constant(new Array(groups).fill(value), [groups], dataType);
  const epsilon = { type: 'float', value: floatAttribute(node, 'epsilon', 1e-5) } as const;
  const grouped = g.op('Reshape', [x, int64([n, groups, -1])]);
  const normal = g.op('InstanceNormalization', [grouped, fill(1), fill(0)], { epsilon });

  const perGroup = g.shape(scale)[0] === groups && groups !== c;
  const affine = (value: string) => {
    const tail = perGroup ? [1] : spatial.map(() => 1);
    return g.op('Reshape', [value, int64([-1, ...tail])]);
  };
  const whole = int64([n, c, ...spatial]);
  const shaped = perGroup ? normal : g.op('Reshape', [normal, whole]);
  const scaled = g.op('Mul', [shaped, affine(scale)]);
  if (perGroup) {
    g.op('Reshape', [g.op('Add', [scaled, affine(bias)]), whole], {}, y);
  } else {
    g.op('Add', [scaled, affine(bias)], {}, y);
  }
};

/** SpaceToDepth of [N, C, H, W] as a transposition of axes: channel (dy, dx, c) of a block is position (dy, dx) of c. */
const spaceToDepth: Decompose = (g, node) => {
  const [x] = node.inputs as [string];
  const [n, c, h, w] = g.shape(x) as [number, number, number, number];
  const block = intAttribute(node, 'blocksize', 1);
  const int64 = (values: number[]) => g.constant(values, [values.length], 'int64');
  const split = g.op('Reshape', [x, int64([n, c, h / block, block, w / block, block])]);
  const moved = g.op('Transpose', [split], { perm: [0, 3, 5, 1, 2, 4] });
  g.op('Reshape', [moved, int64([n, c * block ** 2, h / block, w / block])], {}, node.outputs[0]!);
};

/** Sum of any number of inputs, in their order. */
const sum: Decompose = (g, { inputs, outputs }) => {
  const [first, ...rest] = inputs as [string, ...string[]];
  const last = rest.pop();
  const partial = rest.reduce((a, b) => g.op('Add', [a, b]), first);
  g.op(last ? 'Add' : 'Identity', last ? [partial, last] : [partial], {}, outputs[0]!);
};

export const decompositions: Readonly<Record<string, Decompose>> = {
  GroupNormalization: groupNormalization,
  SpaceToDepth: spaceToDepth,
  Sum: sum,
};
