import type { FieldValues } from '../solid/field_sampler';

/** Samples across the surface. */
const samples = 10;
/** How many of them lie outside of it. */
const outside = 2;
/** Distance between samples, in units of the field: the last is 0.07 below the surface. */
const sampleStep = 0.01;
/** Points coloured at a time: bounds the memory for their samples. */
const batchPoints = 2 ** 16;

/**
 * The colours of points on a surface as they are seen from outside.
 * @param positions f32 [points, 3]
 * @param normals f32 [points, 3], unit, outwards.
 * @returns f32 [points, 3], display sRGB in [0, 1].
 */
export async function seenColours(
  source: FieldValues,
  positions: Float32Array,
  normals: Float32Array,
): Promise<Float32Array> {
  const colours = new Float32Array(positions.length);
  for (let first = 0; first < positions.length; first += 3 * batchPoints) {
    const batch = [first, first + 3 * batchPoints] as const;
    const points = colourSamples(positions.subarray(...batch), normals.subarray(...batch));
    colours.set(compositeColours(await source.values(points)), first);
  }
  return colours;
}

/**
 * Where the field is read to colour a point of the surface: along its normal from a little outside to well inside.
 * @returns f32 [vertices, samples, 3]
 */
export function colourSamples(positions: Float32Array, normals: Float32Array): Float32Array {
  const points = new Float32Array(positions.length * samples);
  for (let vertex = 0; vertex < positions.length / 3; vertex++) {
    for (let k = 0; k < samples; k++) {
      const distance = (outside - k) * sampleStep;
      for (let axis = 0; axis < 3; axis++) {
        const i = 3 * vertex + axis;
        points[3 * (vertex * samples + k) + axis] = positions[i]! + distance * normals[i]!;
      }
    }
  }
  return points;
}

/**
 * The colour of a vertex as it is seen from straight above: the samples' colours composited like those of a
 * ray, divided by their opacity. What a render shows comes from a layer of some depth, which a single sample at
 * the surface would miss.
 *
 * @param values f32 [vertices, samples, 4]: rgb, sigma at `colourSamples`.
 * @returns f32 [vertices, 3], in the colour space of the values.
 */
export function compositeColours(values: Float32Array): Float32Array {
  const vertices = values.length / (4 * samples);
  const colours = new Float32Array(3 * vertices);
  for (let vertex = 0; vertex < vertices; vertex++) {
    let transmittance = 1;
    const sum = [0, 0, 0];
    for (let k = 0; k < samples; k++) {
      const at = 4 * (vertex * samples + k);
      const through = Math.exp(-values[at + 3]! * sampleStep);
      const weight = transmittance * (1 - through);
      for (let c = 0; c < 3; c++) sum[c]! += weight * values[at + c]!;
      transmittance *= through;
    }
    const opacity = 1 - transmittance;
    // Where smoothing has moved a vertex out of all density: the colour at the surface.
    const surface = 4 * (vertex * samples + outside);
    for (let c = 0; c < 3; c++) {
      const colour = opacity > 1e-9 ? sum[c]! / opacity : values[surface + c]!;
      colours[3 * vertex + c] = Math.min(Math.max(colour, 0), 1);
    }
  }
  return colours;
}
