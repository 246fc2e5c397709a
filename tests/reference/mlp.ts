import type { FieldOptions } from '../../src/field/options';

export type MlpSpec = Pick<
  FieldOptions,
  'levels' | 'hidden' | 'blobScale' | 'blobStd' | 'densityActivation'
>;

/** Words of a unit: features padded to blocks of four, then r, g, b, density. */
const unitWords = ({ levels }: MlpSpec) => 4 * Math.ceil(levels / 2) + 4;

/** One point on its way through the perceptron. */
interface Point {
  readonly activations: readonly number[];
  /** Before the activations of colour and density; density includes the blob. */
  readonly raw: readonly number[];
  readonly inside: boolean;
}

function through(
  spec: MlpSpec,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  positions: ArrayLike<number>,
  i: number,
): Point {
  const width = 2 * spec.levels;
  const words = unitWords(spec);
  const raw = [0, 0, 0, 0];
  const activations = Array.from({ length: spec.hidden }, (_, unit) => {
    let sum = 0;
    for (let f = 0; f < width; f++) sum += weights[unit * words + f]! * features[i * width + f]!;
    const h = Math.max(sum, 0);
    for (let c = 0; c < 4; c++) raw[c]! += h * weights[(unit + 1) * words - 4 + c]!;
    return sum;
  });
  const radius = Math.hypot(positions[4 * i]!, positions[4 * i + 1]!, positions[4 * i + 2]!);
  raw[3]! += spec.blobScale * (1 - radius / spec.blobStd);
  return { activations, raw, inside: radius <= 1 };
}

const sigmoid = (x: number) => 1 / (1 + Math.exp(-x));
const density = ({ densityActivation }: MlpSpec, x: number) =>
  densityActivation === 'exp'
    ? Math.exp(Math.min(x, 15))
    : Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const densityDerivative = (spec: MlpSpec, x: number) =>
  spec.densityActivation === 'exp' ? density(spec, x) : sigmoid(x);

/** @param features [n, levels, 2]. @param positions [n, 4]. @returns rgb, sigma: [n, 4]. */
export function mlp(
  spec: MlpSpec,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  positions: ArrayLike<number>,
): Float64Array {
  const n = positions.length / 4;
  const values = new Float64Array(4 * n);
  for (let i = 0; i < n; i++) {
    const { raw, inside } = through(spec, features, weights, positions, i);
    for (let c = 0; c < 3; c++) values[4 * i + c] = sigmoid(raw[c]!);
    values[4 * i + 3] = inside ? density(spec, raw[3]!) : 0;
  }
  return values;
}

/** dL/dweights and dL/dfeatures from dL/dvalues [n, 4]. */
export function mlpBackward(
  spec: MlpSpec,
  features: ArrayLike<number>,
  weights: ArrayLike<number>,
  positions: ArrayLike<number>,
  valueGradient: ArrayLike<number>,
): { weights: Float64Array; features: Float64Array } {
  const n = positions.length / 4;
  const width = 2 * spec.levels;
  const words = unitWords(spec);
  const gradient = {
    weights: new Float64Array(weights.length),
    features: new Float64Array(n * width),
  };
  for (let i = 0; i < n; i++) {
    const { activations, raw, inside } = through(spec, features, weights, positions, i);
    const dRaw = raw.map((x, c) => {
      const derivative = c < 3 ? sigmoid(x) * (1 - sigmoid(x)) : densityDerivative(spec, x);
      return (c < 3 || inside ? derivative : 0) * valueGradient[4 * i + c]!;
    });
    activations.forEach((sum, unit) => {
      const output = (unit + 1) * words - 4;
      let d = 0;
      for (let c = 0; c < 4; c++) {
        gradient.weights[output + c]! += Math.max(sum, 0) * dRaw[c]!;
        d += sum > 0 ? weights[output + c]! * dRaw[c]! : 0;
      }
      for (let f = 0; f < width; f++) {
        gradient.weights[unit * words + f]! += d * features[i * width + f]!;
        gradient.features[i * width + f]! += d * weights[unit * words + f]!;
      }
    });
  }
  return gradient;
}
