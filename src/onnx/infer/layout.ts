/** Types of operators that move elements, and of constants. */
import { elementCount, intAttribute, intsAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis, sameShape, sliceRanges } from '../graph/shape';
import { dataTypeOfCode } from '../graph/tensor';
import type { InferRule, Site } from './rule';

const one = (site: Site, shape: readonly number[]): TensorType[] => [
  { dataType: site.dataType(), shape },
];

const axisOf = (site: Site, fallback: number, rank = site.shape(0).length): number =>
  normalizeAxis(intAttribute(site.node, 'axis', fallback), rank);

/** Lengths of the outputs of a Split along its axis. */
function splitLengths(site: Site, size: number): readonly number[] {
  const given = site.constantIfPresent(1) ?? intsAttribute(site.node, 'split');
  const count = intAttribute(site.node, 'num_outputs', site.node.outputs.length);
  const outputs = site.node.outputs.length;
  if (given) {
    const sum = given.reduce((total, length) => total + length, 0);
    const valid = sum === size && given.length === outputs && given.every((length) => length >= 0);
    if (!valid) site.fail(`cannot split ${size} elements into ${outputs} outputs of [${given}]`);
    return given;
  }
  if (count !== outputs) site.fail(`has ${outputs} outputs for num_outputs ${count}`);
  const chunk = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.min(chunk, size - i * chunk));
}

/** The axes that input 1 names, non-negative. */
function axesInput(site: Site, rank: number): number[] | undefined {
  const axes = site.constantIfPresent(1)?.map((axis) => normalizeAxis(axis, rank));
  if (axes && new Set(axes).size < axes.length) site.fail(`names an axis twice (${axes})`);
  return axes;
}

/** @throws {OnnxError} if input 1 is known and one of its indices lies outside an axis of `size`. */
function checkIndices(site: Site, size: number): void {
  const outside = site.optionalConstant(1)?.values.find((i) => i < -size || i >= size);
  if (outside !== undefined) site.fail(`index ${outside} lies outside an axis of ${size}`);
}

/** A batch of pictures, and the side of the blocks that their pixels are grouped in. */
function blocks(site: Site) {
  const shape = site.shape(0);
  const block = intAttribute(site.node, 'blocksize', 1);
  if (shape.length !== 4 || block < 1) site.fail(`cannot make blocks of ${block} of [${shape}]`);
  const [n, c, h, w] = shape as [number, number, number, number];
  return { n, c, h, w, block };
}

export const layoutTypes: Readonly<Record<string, InferRule>> = {
  Reshape: (site) => {
    const from = site.shape(0);
    const keepZero = intAttribute(site.node, 'allowzero', 0) === 1;
    const wanted = site.constant(1);
    const to = wanted.map((d, i) => (d === 0 && !keepZero ? (from[i] ?? -2) : d));
    const rest = to.reduce((product, d) => (d === -1 ? product : product * d), 1);
    const open = to.filter((d) => d === -1).length;
    const missing = open === 0 ? 1 : elementCount(from) / rest;
    const shape = to.map((d) => (d === -1 ? missing : d));
    const valid = shape.every((d) => Number.isInteger(d) && d >= 0) && open <= 1;
    if (!valid || elementCount(shape) !== elementCount(from)) {
      site.fail(`cannot reshape [${from}] to [${wanted}]`);
    }
    return one(site, shape);
  },
  Flatten: (site) => {
    const shape = site.shape(0);
    const axis = intAttribute(site.node, 'axis', 1);
    const at = axis < 0 ? axis + shape.length : axis;
    if (at < 0 || at > shape.length) site.fail(`axis ${axis} is out of range for [${shape}]`);
    return one(site, [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))]);
  },
  Transpose: (site) => {
    const shape = site.shape(0);
    const perm = intsAttribute(site.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
    if (perm.length !== shape.length || shape.some((_, axis) => !perm.includes(axis))) {
      site.fail(`perm [${perm}] is no order of the axes of [${shape}]`);
    }
    return one(
      site,
      perm.map((axis) => shape[axis]!),
    );
  },
  Squeeze: (site) => {
    const shape = site.shape(0);
    const axes = axesInput(site, shape.length);
    const long = axes?.find((axis) => shape[axis] !== 1);
    if (long !== undefined)
      site.fail(`cannot drop axis ${long} of [${shape}]: its length is not 1`);
    return one(
      site,
      shape.filter((length, axis) => (axes ? !axes.includes(axis) : length !== 1)),
    );
  },
  Unsqueeze: (site) => {
    const rest = [...site.shape(0)];
    const rank = rest.length + site.constant(1).length;
    const axes = axesInput(site, rank)!;
    return one(
      site,
      Array.from({ length: rank }, (_, axis) => (axes.includes(axis) ? 1 : rest.shift()!)),
    );
  },
  Concat: (site) => {
    const axis = axisOf(site, 0);
    const shape = [...site.shape(0)];
    for (let i = 1; i < site.inputCount; i++) {
      const other = site.shape(i);
      const fits =
        other.length === shape.length && shape.every((d, a) => a === axis || d === other[a]);
      if (!fits) site.fail(`cannot join [${site.shape(0)}] and [${other}] along axis ${axis}`);
      shape[axis]! += other[axis]!;
    }
    return one(site, shape);
  },
  Split: (site) => {
    const shape = site.shape(0);
    const axis = axisOf(site, 0);
    return splitLengths(site, shape[axis]!).map((length) => ({
      dataType: site.dataType(),
      shape: shape.with(axis, length),
    }));
  },
  Slice: (site) => {
    const shape = [...site.shape(0)];
    const axes = site.constantIfPresent(3);
    const steps = site.constantIfPresent(4);
    const ranges = sliceRanges(shape, site.constant(1), site.constant(2), axes, steps);
    for (const { axis, length } of ranges) shape[axis] = length;
    return one(site, shape);
  },
  Gather: (site) => {
    const shape = site.shape(0);
    const axis = axisOf(site, 0);
    checkIndices(site, shape[axis]!);
    return one(site, [...shape.slice(0, axis), ...site.shape(1), ...shape.slice(axis + 1)]);
  },
  GatherElements: (site) => {
    const [shape, indices] = [site.shape(0), site.shape(1)];
    const axis = axisOf(site, 0);
    const fits =
      indices.length === shape.length && indices.every((d, a) => a === axis || d <= shape[a]!);
    if (!fits) site.fail(`indices [${indices}] do not fit [${shape}]`);
    checkIndices(site, shape[axis]!);
    return one(site, indices);
  },
  GatherND: (site) => {
    const batch = intAttribute(site.node, 'batch_dims', 0);
    const indices = site.shape(1);
    const depth = indices.at(-1) ?? site.fail('its indices are a scalar');
    if (batch + depth > site.shape(0).length) {
      site.fail(`indices [${indices}] are too long for [${site.shape(0)}]`);
    }
    return one(site, [...indices.slice(0, -1), ...site.shape(0).slice(batch + depth)]);
  },
  ScatterND: (site) => {
    const [shape, indices] = [site.shape(0), site.shape(1)];
    const depth = indices.at(-1) ?? site.fail('its indices are a scalar');
    const wanted = [...indices.slice(0, -1), ...shape.slice(depth)];
    if (depth > shape.length || !sameShape(wanted, site.shape(2))) {
      site.fail(`updates [${site.shape(2)}] do not fit [${shape}] at indices [${indices}]`);
    }
    return one(site, shape);
  },
  ScatterElements: (site) => {
    const shape = site.shape(0);
    checkIndices(site, shape[axisOf(site, 0)]!);
    if (!sameShape(site.shape(1), site.shape(2)) || site.shape(1).length !== shape.length) {
      site.fail(`updates [${site.shape(2)}] do not fit indices [${site.shape(1)}] of [${shape}]`);
    }
    return one(site, shape);
  },
  TopK: (site) => {
    const shape = site.shape(0);
    const axis = axisOf(site, -1);
    const [count = -1] = site.constant(1);
    if (count > shape[axis]!) site.fail(`cannot take ${count} of ${shape[axis]} elements`);
    const dataType = site.dataType();
    const taken = shape.with(axis, count);
    return [
      { dataType, shape: taken },
      { dataType: 'int64', shape: taken },
    ];
  },
  Expand: (site) => one(site, broadcastShapes(site.shape(0), site.constant(1))),
  Tile: (site) => {
    const repeats = site.constant(1);
    if (repeats.length !== site.shape(0).length) {
      site.fail(`repeats [${repeats}] are not one for each axis of [${site.shape(0)}]`);
    }
    return one(
      site,
      site.shape(0).map((length, axis) => length * repeats[axis]!),
    );
  },
  Pad: (site) => {
    const shape = [...site.shape(0)];
    const pads = site.constant(1);
    const axes = site.constantIfPresent(3) ?? shape.map((_, i) => i);
    if (pads.length !== 2 * axes.length) {
      site.fail(`has ${pads.length} pads for ${axes.length} axes: two for each are needed`);
    }
    axes.forEach((given, i) => {
      const axis = normalizeAxis(given, shape.length);
      shape[axis]! += pads[i]! + pads[i + axes.length]!;
    });
    return one(site, shape);
  },
  DepthToSpace: (site) => {
    const { n, c, h, w, block } = blocks(site);
    if (c % block ** 2 !== 0) site.fail(`${c} channels are no blocks of ${block} x ${block}`);
    return one(site, [n, c / block ** 2, h * block, w * block]);
  },
  SpaceToDepth: (site) => {
    const { n, c, h, w, block } = blocks(site);
    if (h % block !== 0 || w % block !== 0) {
      site.fail(`${h} x ${w} positions are no blocks of ${block} x ${block}`);
    }
    return one(site, [n, c * block ** 2, h / block, w / block]);
  },
  Constant: (site) => {
    const { value, value_float, value_int, value_ints, value_floats } = site.node.attributes;
    if (value?.type === 'tensor') return [value.value];
    if (value_float) return [{ dataType: 'float32', shape: [] }];
    if (value_int) return [{ dataType: 'int64', shape: [] }];
    if (value_ints?.type === 'ints')
      return [{ dataType: 'int64', shape: [value_ints.value.length] }];
    if (value_floats?.type === 'floats') {
      return [{ dataType: 'float32', shape: [value_floats.value.length] }];
    }
    return site.fail('a kind of constant that is not supported');
  },
  ConstantOfShape: (site) => {
    const value = site.node.attributes.value;
    const dataType = value?.type === 'tensor' ? value.value.dataType : 'float32';
    const fill = value?.type === 'tensor' ? elementCount(value.value.shape) : 1;
    if (fill !== 1) site.fail(`its value has ${fill} elements, not one`);
    return [{ dataType, shape: site.constant(0) }];
  },
  Shape: (site) => {
    const rank = site.shape(0).length;
    const bound = (name: string, fallback: number) => {
      const given = intAttribute(site.node, name, fallback);
      return Math.min(Math.max(given < 0 ? given + rank : given, 0), rank);
    };
    return [{ dataType: 'int64', shape: [Math.max(0, bound('end', rank) - bound('start', 0))] }];
  },
  Size: () => [{ dataType: 'int64', shape: [] }],
  Range: (site) => {
    const [start, limit, step] = [0, 1, 2].map((i) => site.constant(i)[0]!);
    if (step === 0) site.fail('has step 0');
    return one(site, [Math.max(0, Math.ceil((limit! - start!) / step!))]);
  },
  EyeLike: (site) => {
    const shape = site.shape(0);
    if (shape.length !== 2) site.fail(`needs a matrix, not [${shape}]`);
    const code = intAttribute(site.node, 'dtype', 0);
    const dataType = code === 0 ? site.dataType() : dataTypeOfCode(code);
    return [{ dataType: dataType ?? site.fail(`unknown element type ${code}`), shape }];
  },
};
