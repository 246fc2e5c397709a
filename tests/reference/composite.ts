/** Compositing of one view group in f64; layouts as in shaders/render/composite.wgsl. */
export interface CompositeInput {
  readonly views: number;
  readonly width: number;
  readonly height: number;
  readonly raysPerPixel: number;
  readonly stepLength: number;
  readonly earlyStop: number;
  /** [rays] (offset, count) interleaved. */
  readonly rayPoints: ArrayLike<number>;
  /** [points, 4]: rgb, sigma. */
  readonly values: ArrayLike<number>;
  /** [points]. */
  readonly distances: ArrayLike<number>;
}

export interface Regularisers {
  readonly sparsity: number;
  readonly opaque: number;
  readonly nearness: number;
}

interface Sample {
  readonly index: number;
  /** Transmittance in front of the sample, and its share exp(-sigma dt) that passes. */
  readonly reached: number;
  readonly through: number;
}

/** The samples of a ray that count. */
function walk(input: CompositeInput, ray: number): Sample[] {
  const offset = input.rayPoints[2 * ray]!;
  const count = input.rayPoints[2 * ray + 1]!;
  const samples: Sample[] = [];
  let reached = 1;
  for (let index = offset; index < offset + count && reached >= input.earlyStop; index++) {
    const through = Math.exp(-input.values[4 * index + 3]! * input.stepLength);
    samples.push({ index, reached, through });
    reached *= through;
  }
  return samples;
}

const channel = ({ width, height }: CompositeInput, pixel: number, c: number) => {
  const view = Math.floor(pixel / (width * height));
  return (4 * view + c) * width * height + (pixel % (width * height));
};

export function compositeForward(input: CompositeInput): {
  views: Float64Array;
  depth: Float64Array;
} {
  const pixels = input.views * input.width * input.height;
  const views = new Float64Array(pixels * 4);
  const depth = new Float64Array(pixels);
  for (let pixel = 0; pixel < pixels; pixel++) {
    let weights = 0;
    for (let r = 0; r < input.raysPerPixel; r++) {
      for (const { index, reached, through } of walk(input, pixel * input.raysPerPixel + r)) {
        const weight = reached * (1 - through);
        for (let c = 0; c < 4; c++) {
          const value = c < 3 ? input.values[4 * index + c]! : 1;
          views[channel(input, pixel, c)]! += (weight * value) / input.raysPerPixel;
        }
        depth[pixel]! += weight * input.distances[index]!;
        weights += weight;
      }
    }
    if (weights > 0) depth[pixel]! /= weights;
  }
  return { views, depth };
}

const clampedOpacity = (o: number) => Math.min(Math.max(o, 1e-3), 1 - 1e-3);

/** The losses on opacity and on distances from a depth that counts as fixed, means over pixels. */
export function regulariserLoss(
  input: CompositeInput,
  views: ArrayLike<number>,
  fixedDepth: ArrayLike<number>,
  { sparsity, opaque, nearness }: Regularisers,
): number {
  const pixels = input.views * input.width * input.height;
  let loss = 0;
  for (let pixel = 0; pixel < pixels; pixel++) {
    const o = views[channel(input, pixel, 3)]!;
    const p = clampedOpacity(o);
    loss += sparsity * Math.sqrt(o * o + 0.01);
    loss -= opaque * (p * Math.log(p) + (1 - p) * Math.log(1 - p));
    for (let r = 0; r < input.raysPerPixel; r++) {
      for (const { index, reached, through } of walk(input, pixel * input.raysPerPixel + r)) {
        const distance = input.distances[index]! - fixedDepth[pixel]!;
        loss += (nearness * reached * (1 - through) * distance) / input.raysPerPixel;
      }
    }
  }
  return loss / pixels;
}

/** dL/d(rgb, sigma) [points, 4] from dL/dviews [V, 4, H, W], by the definition of each partial derivative. */
export function compositeBackward(
  input: CompositeInput,
  viewGradients: ArrayLike<number>,
  { sparsity, opaque, nearness }: Regularisers = { sparsity: 0, opaque: 0, nearness: 0 },
): Float64Array {
  const { views, depth } = compositeForward(input);
  const pixels = input.views * input.width * input.height;
  const gradients = new Float64Array(input.values.length);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const o = views[channel(input, pixel, 3)]!;
    const entropySlope = clampedOpacity(o) === o ? Math.log((1 - o) / o) : 0;
    const regulariser = (sparsity * o) / Math.sqrt(o * o + 0.01) + opaque * entropySlope;
    const g = [0, 1, 2, 3].map((c) => viewGradients[channel(input, pixel, c)]!);
    g[3]! += regulariser / pixels;
    for (let r = 0; r < input.raysPerPixel; r++) {
      const samples = walk(input, pixel * input.raysPerPixel + r);
      const shown = samples.map(({ index }) => {
        const [red, green, blue] = [0, 1, 2].map((c) => input.values[4 * index + c]!);
        const farther = (nearness / pixels) * (input.distances[index]! - depth[pixel]!);
        const colour = g[0]! * red! + g[1]! * green! + g[2]! * blue!;
        return (colour + g[3]! + farther) / input.raysPerPixel;
      });
      samples.forEach(({ index, reached, through }, i) => {
        for (let c = 0; c < 3; c++) {
          gradients[4 * index + c] = (reached * (1 - through) * g[c]!) / input.raysPerPixel;
        }
        // More density here shows more of this sample and less of all behind it.
        let behind = 0;
        for (let k = i + 1; k < samples.length; k++) {
          behind += samples[k]!.reached * (1 - samples[k]!.through) * shown[k]!;
        }
        gradients[4 * index + 3] = input.stepLength * (reached * through * shown[i]! - behind);
      });
    }
  }
  return gradients;
}
