/** Types of operators that move elements, and of constants. */
import { elementCount, intAttribute, intsAttribute, type TensorType } from '../graph/graph';
import { broadcastShapes, normalizeAxis, sliceRanges } from '../graph/shape';
import type { InferRule, Site } from './rule';

const one = (site: Site, shape: readonly number[]): TensorType[] => [
  { dataType: site.dataType(), shape },
];

const axisOf = (site: Site, fallback: number, rank = site.shape(0).length): number =>
  normalizeAxis(intAttribute(site.node, 'axis', fallback), rank);

/** Lengths of the outputs of a Split along its axis. */
function splitLengths(site: Site, size: number): readonly number[] {
  const given = site.constantIfPresent(1) ?? intsAttribute(site.node, 'split');
  if (given) return given;
  const count = intAttribute(site.node, 'num_outputs', site.node.outputs.length);
  const chunk = Math.ceil(size / count);
  return Array.from({ length: count }, (_, i) => Math.min(chunk, size - i * chunk));
}

const axesInput = (site: Site, rank: number): number[] | undefined =>
  site.constantIfPresent(1)?.map((axis) => normalizeAxis(axis, rank));

export const layoutTypes: Readonly<Record<string, InferRule>> = {
  Reshape: (site) => {
    const from = site.shape(0);
    const keepZero = intAttribute(site.node, 'allowzero', 0) === 1;
    const to = site.constant(1).map((d, i) => (d === 0 && !keepZero ? from[i]! : d));
    const rest = to.reduce((product, d) => (d === -1 ? product : product * d), 1);
    const shape = to.map((d) => (d === -1 ? elementCount(from) / rest : d));
    if (elementCount(shape) !== elementCount(from)) {
      site.fail(`cannot reshape [${from}] to [${site.constant(1)}]`);
    }
    return one(site, shape);
  },
  Flatten: (site) => {
    const shape = site.shape(0);
    const axis = intAttribute(site.node, 'axis', 1);
    const at = axis < 0 ? axis + shape.length : axis;
    return one(site, [elementCount(shape.slice(0, at)), elementCount(shape.slice(at))]);
  },
  Transpose: (site) => {
    const shape = site.shape(0);
    const perm = intsAttribute(site.node, 'perm') ?? shape.map((_, i) => shape.length - 1 - i);
    return one(
      site,
      perm.map((axis) => shape[axis]!),
    );
  },
  Squeeze: (site) => {
    const shape = site.shape(0);
    const axes = axesInput(site, shape.length);
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
    for (let i = 1; i < site.inputCount; i++) shape[axis]! += site.shape(i)[axis]!;
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
    return one(site, [...shape.slice(0, axis), ...site.shape(1), ...shape.slice(axis + 1)]);
  },
  GatherElements: (site) => one(site, site.shape(1)),
  GatherND: (site) => {
    const batch = intAttribute(site.node, 'batch_dims', 0);
    const indices = site.shape(1);
    const depth = indices.at(-1)!;
    return one(site, [...indices.slice(0, -1), ...site.shape(0).slice(batch + depth)]);
  },
  ScatterND: (site) => one(site, site.shape(0)),
  ScatterElements: (site) => one(site, site.shape(0)),
  Expand: (site) => one(site, broadcastShapes(site.shape(0), site.constant(1))),
  Tile: (site) => {
    const repeats = site.constant(1);
    return one(
      site,
      site.shape(0).map((length, axis) => length * repeats[axis]!),
    );
  },
  Pad: (site) => {
    const shape = [...site.shape(0)];
    const pads = site.constant(1);
    const axes = site.constantIfPresent(3) ?? shape.map((_, i) => i);
    axes.forEach((given, i) => {
      const axis = normalizeAxis(given, shape.length);
      shape[axis]! += pads[i]! + pads[i + axes.length]!;
    });
    return one(site, shape);
  },
  DepthToSpace: (site) => {
    const [n, c, h, w] = site.shape(0) as [number, number, number, number];
    const block = intAttribute(site.node, 'blocksize', 1);
    return one(site, [n, c / block ** 2, h * block, w * block]);
  },
  SpaceToDepth: (site) => {
    const [n, c, h, w] = site.shape(0) as [number, number, number, number];
    const block = intAttribute(site.node, 'blocksize', 1);
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
    return one(site, [Math.max(0, Math.ceil((limit! - start!) / step!))]);
  },
  EyeLike: (site) => one(site, site.shape(0)),
};
