import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { FieldSampler, type SampledField } from './density';
import { defaultIso, opacityLevel } from './iso';

/** Parts with less than this share of the largest part's volume and surface are floaters. */
const keep = 0.05;

/** Of a coarse cell: what of the solid lies in it. */
const kept = 1;
const floater = 2;

/**
 * The cells of a grid that show the object of a field: `objectCells` of the density at their corners and centres.
 * @param cells along a side of [-1, 1]^3.
 */
export async function fieldCells(
  gpu: Gpu,
  field: SampledField,
  cells: number,
): Promise<Uint8Array> {
  const resolution = 2 * cells + 1;
  const sampler = new FieldSampler(gpu, field);
  const arena = new Arena(gpu, 'mesh.floaters');
  const readback = new Readback(gpu);
  try {
    const density = arena.allocate('density', resolution ** 3);
    sampler.density(density, resolution);
    const values = await readback.floats(density, resolution ** 3);
    const level = opacityLevel(defaultIso.opacity, defaultIso.length);
    return objectCells(values, resolution, level, cells);
  } finally {
    sampler.dispose();
    arena.dispose();
    readback.dispose();
  }
}

/**
 * The cells of a coarse grid that show an object without its floaters: those that hold some of it, and their
 * neighbours, where its soft edges may reach, unless they hold a floater.
 *
 * @param density f32 [R, R, R], x fastest, at positions -1 + 2 i / (R - 1).
 * @param resolution R.
 * @param level the density from which on a grid point is solid.
 * @param cells along a side of [-1, 1]^3.
 * @returns u8 [cells, cells, cells], x fastest, 1 for what is shown; all of them where nothing is solid.
 */
export function objectCells(
  density: Float32Array,
  resolution: number,
  level: number,
  cells: number,
): Uint8Array {
  const parts = solidParts(density, resolution, level);
  if (parts.length === 0) return new Uint8Array(cells ** 3).fill(1);
  const most = (of: (part: Part) => number) => Math.max(...parts.map(of));
  const [points, faces] = [most((part) => part.points.length), most((part) => part.faces)];
  const cellOf = Array.from({ length: resolution }, (_, i) =>
    Math.min(cells - 1, Math.floor((i / (resolution - 1)) * cells)),
  );
  const found = new Uint8Array(cells ** 3);
  for (const part of parts) {
    const large = part.points.length >= keep * points || part.faces >= keep * faces;
    for (const at of part.points) {
      const [x, y, z] = coordinates(at, resolution).map((i) => cellOf[i]!);
      found[(z! * cells + y!) * cells + x!]! |= large ? kept : floater;
    }
  }
  const near = widened(found, cells);
  return found.map((cell, at) => (cell & kept || (cell === 0 && near[at]) ? 1 : 0));
}

/** Solid grid points that hang together. */
interface Part {
  readonly points: readonly number[];
  /** Sides of its points that face no solid. */
  readonly faces: number;
}

function solidParts(density: Float32Array, resolution: number, level: number): Part[] {
  const last = resolution - 1;
  const strides = [1, resolution, resolution ** 2];
  const seen = Uint8Array.from(density, (sigma) => (sigma > level ? 0 : 1));
  const parts: Part[] = [];
  for (let start = 0; start < density.length; start++) {
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
          if (!inside || !(density[to]! > level)) faces++;
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

/** 1 for the cells that have some of the object or a neighbour, also across corners, that has. */
function widened(found: Uint8Array, cells: number): Uint8Array {
  let wide = found.map((cell) => cell & kept);
  for (const stride of [1, cells, cells ** 2]) {
    wide = wide.map((cell, at) => {
      const place = Math.floor(at / stride) % cells;
      const before = place > 0 ? wide[at - stride]! : 0;
      const after = place < cells - 1 ? wide[at + stride]! : 0;
      return cell | before | after;
    });
  }
  return wide;
}

function coordinates(at: number, resolution: number): [x: number, y: number, z: number] {
  const row = Math.floor(at / resolution);
  return [at % resolution, row % resolution, Math.floor(row / resolution)];
}
