import { pcg4d, streams } from '../../src/random';

/** The random point of a cell in an update. */
export function cellPoint(cell: number, resolution: number, seed: number, step: number): number[] {
  const chance = pcg4d([seed, streams.occupancy, step, cell]).map((n) => (n >>> 8) / 2 ** 24);
  const corner = [
    cell % resolution,
    Math.floor(cell / resolution) % resolution,
    Math.floor(cell / resolution ** 2),
  ];
  return corner.map((c, i) => ((c + chance[i]!) * 2) / resolution - 1);
}

/** Whether any point of a cell is inside the unit ball, by clamping the origin into it. */
export function touchesBall(x: number, y: number, z: number, resolution: number): boolean {
  const squares = [x, y, z].map((c) => {
    const low = (c * 2) / resolution - 1;
    return Math.min(Math.max(0, low), low + 2 / resolution) ** 2;
  });
  return squares[0]! + squares[1]! + squares[2]! < 1;
}

export const decayed = (old: number, found: number, decay: number) => Math.max(decay * old, found);

/** Occupied cells [z, y, x]: above the threshold, or next to one that is. */
export function occupiedCells(
  density: (x: number, y: number, z: number) => number,
  resolution: number,
  cells: number,
  maxThreshold: number,
): boolean[] {
  const at = (x: number, y: number, z: number) => (z * resolution + y) * resolution + x;
  const all: number[] = [];
  for (let z = 0; z < resolution; z++) {
    for (let y = 0; y < resolution; y++) {
      for (let x = 0; x < resolution; x++) all.push(density(x, y, z));
    }
  }
  const mean = all.reduce((sum, d) => sum + d, 0) / cells;
  const threshold = Math.min(0.5 * mean, maxThreshold);
  const occupied = all.map(() => false);
  const clamp = (c: number) => Math.min(Math.max(c, 0), resolution - 1);
  for (let z = 0; z < resolution; z++) {
    for (let y = 0; y < resolution; y++) {
      for (let x = 0; x < resolution; x++) {
        if (!(all[at(x, y, z)]! > threshold)) continue;
        for (let n = 0; n < 27; n++) {
          const [dx, dy, dz] = [(n % 3) - 1, (Math.floor(n / 3) % 3) - 1, Math.floor(n / 9) - 1];
          occupied[at(clamp(x + dx!), clamp(y + dy!), clamp(z + dz!))] = true;
        }
      }
    }
  }
  return occupied;
}

/** Cells [z, y, x] whose bit is set. */
export function cellsOf(bits: Uint32Array, resolution: number): boolean[] {
  const words = Math.ceil(resolution / 32);
  return Array.from({ length: resolution ** 3 }, (_, cell) => {
    const [x, row] = [cell % resolution, Math.floor(cell / resolution)];
    return ((bits[row * words + (x >> 5)]! >>> (x & 31)) & 1) === 1;
  });
}
