const sigmoid = (p: number) => 1 / (1 + Math.exp(-p));

/** x = (a c, a) of free pictures, c and a sigmoids of parameters [V, 4, H, W]. @param plane H·W. */
export function pixelViews(parameters: ArrayLike<number>, plane: number): Float64Array {
  return Float64Array.from(parameters, (p, i) => {
    const channel = Math.floor(i / plane) % 4;
    const alpha = sigmoid(parameters[i + (3 - channel) * plane]!);
    return channel === 3 ? alpha : alpha * sigmoid(p);
  });
}
