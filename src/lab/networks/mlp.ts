/** Small networks whose weights are one flat vector: an input of the graph that trains them. */
import type { Expressions, Value } from '#onnx';
import { normal } from '../../random';

/** Widths of the layers, from the input's on. */
export type Sizes = readonly number[];

/** Elements of the vector that holds a network's weights and biases. */
export const parameterCount = (sizes: Sizes): number =>
  sizes.slice(1).reduce((sum, width, i) => sum + (sizes[i]! + 1) * width, 0);

/**
 * A network of tanh between its layers.
 * @param x [N, sizes[0]]
 * @param parameters [P], layer by layer the matrix [in, out], then the bias [out]
 * @returns [N, sizes.at(-1)]
 */
export function mlp(g: Expressions, x: Value, parameters: Value, sizes: Sizes): Value {
  let value = x;
  let start = 0;
  sizes.slice(1).forEach((width, i) => {
    const inputs = sizes[i]!;
    const matrix = g.slice(parameters, 0, start, inputs * width);
    const bias = g.slice(parameters, 0, start + inputs * width, width);
    start += (inputs + 1) * width;
    value = g.add(g.matmul(value, g.reshape(matrix, [inputs, width])), bias);
    if (i < sizes.length - 2) value = g.op('Tanh', [value]);
  });
  return value;
}

/** Weights of variance 1 / in, biases zero. */
export function initialise(sizes: Sizes, seed: number, stream: number): Float32Array {
  const result = new Float32Array(parameterCount(sizes));
  let start = 0;
  sizes.slice(1).forEach((width, i) => {
    const inputs = sizes[i]!;
    for (let k = 0; k < inputs * width; k++) {
      result[start + k] = normal(seed, stream, i, k) / Math.sqrt(inputs);
    }
    start += (inputs + 1) * width;
  });
  return result;
}
