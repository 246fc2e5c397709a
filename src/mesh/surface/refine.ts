import type { FieldValues } from '../solid/field_sampler';
import type { Surface } from './marching_cubes';

/** Halvings of a grid edge: vertices end within a 64th of a cell. */
const halvings = 5;

/**
 * Moves each vertex of an extracted surface along its grid edge to where the field itself crosses the
 * level. Between two grid points density grows like e^z rather than linearly: linear interpolation
 * draws vertices towards the outer point, and flat faces then show the grid.
 *
 * @param source the field that the grid was sampled from.
 * @param density f32 [R, R, R], x fastest, at positions -1 + 2 i / (R - 1).
 */
export async function refine(
  source: FieldValues,
  { positions, indices }: Surface,
  density: Float32Array,
  resolution: number,
  level: number,
): Promise<Surface> {
  const half = (resolution - 1) / 2;
  const vertices = positions.length / 3;
  const axes = new Uint8Array(vertices);
  // Coordinates along the edge, in cells: the field is denser than the level at `inner`.
  const inner = new Float64Array(vertices);
  const outer = new Float64Array(vertices);
  for (let vertex = 0; vertex < vertices; vertex++) {
    const place = [0, 1, 2].map((axis) => (positions[3 * vertex + axis]! + 1) * half);
    const offGrid = place.map((p) => Math.abs(p - Math.round(p)));
    const axis = offGrid.indexOf(Math.max(...offGrid));
    const low = Math.floor(place[axis]!);
    const [x, y, z] = place.map((p, i) => (i === axis ? low : Math.round(p)));
    const denser = density[(z! * resolution + y!) * resolution + x!]! > level;
    axes[vertex] = axis;
    inner[vertex] = denser ? low : low + 1;
    outer[vertex] = denser ? low + 1 : low;
  }
  const refined = positions.slice();
  const middle = (vertex: number) => (inner[vertex]! + outer[vertex]!) / 2;
  const settle = () => {
    for (let vertex = 0; vertex < vertices; vertex++) {
      refined[3 * vertex + axes[vertex]!] = middle(vertex) / half - 1;
    }
  };
  for (let i = 0; i < halvings; i++) {
    settle();
    const values = await source.values(refined);
    for (let vertex = 0; vertex < vertices; vertex++) {
      const ends = values[4 * vertex + 3]! > level ? inner : outer;
      ends[vertex] = middle(vertex);
    }
  }
  settle();
  return { positions: refined, indices };
}
