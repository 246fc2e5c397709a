import type { Gpu } from '../../gpu/device';
import { FieldSampler, type SampledField } from './field_sampler';
import { maxFilter } from './filters';
import { EmptyFieldError } from './iso';
import { type SolidityGrid, type SolidityOptions, solidityGrid } from './solidity_grid';

/** Parts with less than this share of the largest part's volume and surface are floaters. */
export const floaterShare = 0.05;

/** Flags of a coarse cell: it holds some of a part that is kept, some of a floater. */
const kept = 1;
const floater = 2;

/**
 * `objectCells` of a field: all of them where it is empty.
 * @param options of the mesh that leaves the same floaters out.
 */
export async function fieldCells(
  gpu: Gpu,
  field: SampledField,
  options: SolidityOptions,
  cells: number,
): Promise<Uint8Array> {
  const sampler = new FieldSampler(gpu, field);
  try {
    return objectCells(await solidityGrid(gpu, sampler, options), options.resolution, cells);
  } catch (error) {
    if (error instanceof EmptyFieldError) return new Uint8Array(cells ** 3).fill(1);
    throw error;
  } finally {
    sampler.dispose();
  }
}

/**
 * The cells of a coarse grid that show an object without its floaters: those that hold some of it, and their
 * neighbours, where its soft edges may reach, unless they hold a floater.
 *
 * @param resolution R of the solidity grid.
 * @param cells along a side of [-1, 1]^3.
 * @returns u8 [cells, cells, cells], x fastest, 1 for what is shown; all of them where nothing is solid.
 */
export function objectCells(solidity: SolidityGrid, resolution: number, cells: number): Uint8Array {
  const parts = solidParts(solidity, resolution);
  if (parts.length === 0) return new Uint8Array(cells ** 3).fill(1);
  const points = parts.reduce((most, part) => Math.max(most, part.points.length), 0);
  const faces = parts.reduce((most, part) => Math.max(most, part.faces), 0);
  const cellOf = Array.from({ length: resolution }, (_, i) =>
    Math.min(cells - 1, Math.floor((i / (resolution - 1)) * cells)),
  );
  const found = new Uint8Array(cells ** 3);
  for (const part of parts) {
    const large = part.points.length >= floaterShare * points || part.faces >= floaterShare * faces;
    for (const at of part.points) {
      const [x, y, z] = coordinates(at, resolution).map((i) => cellOf[i]!);
      found[(z! * cells + y!) * cells + x!]! |= large ? kept : floater;
    }
  }
  const keptCells = Float32Array.from(found, (cell) => cell & kept);
  const near = maxFilter(keptCells, cells, 1);
  return found.map((cell, at) => (cell & kept || (cell === 0 && near[at]) ? 1 : 0));
}

/** Solid grid points that are connected along the grid's axes. */
interface GridPart {
  readonly points: readonly number[];
  /** Sides of its points whose neighbour is not solid, or beyond the grid. */
  readonly faces: number;
}

function solidParts({ values, level }: SolidityGrid, resolution: number): GridPart[] {
  const last = resolution - 1;
  const strides = [1, resolution, resolution ** 2];
  const seen = Uint8Array.from(values, (value) => (value > level ? 0 : 1));
  const parts: GridPart[] = [];
  for (let start = 0; start < values.length; start++) {
    if (seen[start]) continue;
    seen[start] = 1;
    const points = [start];
    let faces = 0;
    for (let next = 0; next < points.length; next++) {
      const at = points[next]!;
      coordinates(at, resolution).forEach((place, axis) => {
        for (const [inside, to] of [
          [place > 0, at - strides[axis]!],
          [place < last, at + strides[axis]!],
        ] as const) {
          if (!inside || !(values[to]! > level)) faces++;
          else if (!seen[to]) {
            seen[to] = 1;
            points.push(to);
          }
        }
      });
    }
    parts.push({ points, faces });
  }
  return parts;
}

function coordinates(at: number, resolution: number): [x: number, y: number, z: number] {
  const row = Math.floor(at / resolution);
  return [at % resolution, row % resolution, Math.floor(row / resolution)];
}
