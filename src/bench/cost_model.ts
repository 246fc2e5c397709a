/**
 * The cost model of docs/performance.md: what each stage of a training step must do at least, and how
 * long that takes at least on an adapter whose peak rates are known. Pure functions of sizes.
 */

/** A rate that depends on how many bytes it is spread over, from small to large. */
export type RateBySize = { readonly bytes: number; readonly rate: number }[];

/** What an adapter can do at best, per second; measured by `measurePeakRates`. */
export interface PeakRates {
  /** Fused multiply-adds. Any other arithmetic instruction counts as one, too. */
  readonly operations: number;
  /** e^x. Logarithms and trigonometric functions count as one, too. */
  readonly exponentials: number;
  /** Bytes read or written by streams that go over so many bytes. */
  readonly bandwidth: RateBySize;
  /** 4-byte reads from random pairs of neighbours in a table of so many bytes. */
  readonly gathers: RateBySize;
  /** i32 atomic adds to random pairs of neighbours in a table of so many bytes. */
  readonly atomics: RateBySize;
  /** Seconds of a dispatch that does nothing but wait for the one before. */
  readonly dispatch: number;
}

/** Accesses that are spread over a table of so many bytes. */
export interface Accesses {
  readonly count: number;
  readonly bytes: number;
}

/** What a stage does at least. */
export interface Cost {
  readonly operations: number;
  readonly exponentials: number;
  /** Streamed, read and written. */
  readonly bytes: number;
  readonly gathers: readonly Accesses[];
  readonly atomics: readonly Accesses[];
  readonly dispatches: number;
}

/** What a step is made of. */
export interface Workload {
  readonly rays: number;
  readonly pixels: number;
  readonly samplesPerRay: number;
  /** Steps of all rays that lie in the unit ball. */
  readonly ballSteps: number;
  /** Steps in occupied cells: points at which the field is evaluated. */
  readonly points: number;
  /** Entries of each level of the hash grid. */
  readonly levelEntries: readonly number[];
  /** For each level, stretches of a ray's points in one cell: see {@link cellRuns}. */
  readonly levelRuns: readonly number[];
  /** Units of the perceptron. */
  readonly hidden: number;
  /** Rows of partial sums of the perceptron's gradient. */
  readonly partialRows: number;
  /** Words of table and perceptron, and those of blocks that a gradient has reached. */
  readonly parameters: number;
  readonly movedParameters: number;
  /** Cells of the occupancy grid's cube, and those that touch the ball. */
  readonly cubeCells: number;
  readonly ballCells: number;
}

export const stageNames = [
  'march',
  'grid forward',
  'MLP forward',
  'composite forward',
  'objective',
  'composite backward',
  'MLP backward',
  'reduce',
  'grid backward',
  'Adam',
  'occupancy update',
] as const;

export type StageName = (typeof stageNames)[number];

/** Updates of the occupancy grid in a step. */
export const occupancyShare = 1 / 8;

const nothing: Cost = {
  operations: 0,
  exponentials: 0,
  bytes: 0,
  gathers: [],
  atomics: [],
  dispatches: 0,
};

/** Bytes of two features: of a table entry in f16, and of its gradient or a point's in 32 bits each. */
const halfBytes = 4;
const entryBytes = 8;

/**
 * Operations for a point's place in one level: scale and clamp (9), floor and fraction (6), conversion
 * to integers (3), the eight weights (15).
 */
const cellOperations = 33;
/** Operations for the eight vertices' entries: 2 products and sums a hashed axis (4), 12 xor, 8 masks, 8 offsets. */
const entryOperations = 32;

function gridForward(points: number, { levelEntries }: Workload): Cost {
  const levels = levelEntries.length;
  return {
    ...nothing,
    // Eight vertices of two features, to unpack and to weigh, and the level's share of each.
    operations: points * levels * (cellOperations + entryOperations + 8 + 16 + 2),
    bytes: points * (16 + entryBytes * levels),
    gathers: levelEntries.map((entries) => ({ count: 8 * points, bytes: halfBytes * entries })),
    dispatches: 2,
  };
}

function mlpForward(points: number, { levelEntries, hidden }: Workload): Cost {
  const features = 2 * levelEntries.length;
  return {
    ...nothing,
    // A unit: its features, max, four outputs. A point: blob and four activations.
    operations: points * (hidden * (features + 1 + 4) + 20),
    exponentials: points * 5,
    bytes: points * (4 * features + 16 + 16),
    dispatches: 1,
  };
}

/** What each stage does at least, once. */
export function stageCosts(work: Workload): Record<StageName, Cost> {
  const { points, rays, pixels, hidden, levelEntries, parameters, movedParameters } = work;
  const features = 2 * levelEntries.length;
  const levels = levelEntries.length;
  const runs = work.levelRuns.reduce((sum, count) => sum + count, 0);
  const mlpParameters = hidden * (features + 4);
  const mlpWords = mlpParameters + hidden;
  return {
    march: {
      ...nothing,
      // Twice a ray's set-up. A step: distance and position (4); scale and clamp (9), floor (3), conversion
      // (3); its row (4), its bit and that of the mask (4). A point's position.
      operations: rays * 2 * 60 + work.ballSteps * 27 + points * 8,
      bytes: rays * (2 * (work.samplesPerRay / 8) + 5 * 8) + points * 16,
      gathers: [{ count: work.ballSteps, bytes: work.cubeCells / 8 }],
      dispatches: 4,
    },
    'grid forward': gridForward(points, work),
    'MLP forward': mlpForward(points, work),
    'composite forward': {
      ...nothing,
      operations: points * 9 + pixels * 10,
      exponentials: points,
      bytes: points * (16 + 4) + rays * 8 + pixels * 20,
      dispatches: 1,
    },
    objective: {
      ...nothing,
      // The noise again (PCG4D and Box and Muller), two predictions, two terms; then three norms.
      operations: pixels * 4 * 90,
      exponentials: pixels * 4 * 2,
      bytes: pixels * 4 * (16 + 12 + 12),
      dispatches: 2,
    },
    'composite backward': {
      ...nothing,
      // The second walk's transmittance is the first's: one exponential a point.
      operations: points * 22 + rays * 20,
      exponentials: points,
      bytes: points * (16 + 16) + rays * (8 + 20),
      dispatches: 1,
    },
    'MLP backward': {
      ...nothing,
      // A unit: activation again, its derivative, its share of both weight gradients and of dL/dx.
      operations: points * (hidden * (3 * features + 8 + 3) + 16),
      exponentials: points,
      bytes: points * (2 * 4 * features + 32) + work.partialRows * 4 * mlpWords,
      dispatches: 2,
    },
    reduce: {
      ...nothing,
      operations: work.partialRows * mlpWords,
      bytes: work.partialRows * 4 * mlpWords,
      dispatches: 2,
    },
    'grid backward': {
      ...nothing,
      // A point in a level: cell, eight vertices of two features. A run: entries, sixteen fixed-point sums.
      operations: points * levels * (cellOperations + 16 + 2) + runs * (entryOperations + 16 * 3),
      bytes: points * (16 + entryBytes * levels),
      atomics: work.levelRuns.map((count, level) => ({
        count: 16 * count,
        bytes: entryBytes * levelEntries[level]!,
      })),
      dispatches: 1,
    },
    Adam: {
      ...nothing,
      operations: parameters * 3 + movedParameters * 14,
      // Twice the gradient and once the first moment; then value, second moment, and four written. The
      // table's values once more in f16.
      bytes: parameters * 12 + movedParameters * 24 + (movedParameters - mlpParameters) * 2,
      dispatches: 6,
    },
    'occupancy update': occupancyUpdate(work),
  };
}

function occupancyUpdate(work: Workload): Cost {
  const { ballCells, cubeCells } = work;
  const grid = gridForward(ballCells, work);
  const mlp = mlpForward(ballCells, work);
  return {
    ...nothing,
    operations: grid.operations + mlp.operations + ballCells * 48 + cubeCells * 4,
    exponentials: mlp.exponentials,
    bytes: grid.bytes + mlp.bytes + ballCells * (4 + 16 + 12 + 4) + cubeCells * 8,
    gathers: grid.gathers,
    dispatches: grid.dispatches + mlp.dispatches + 5,
  };
}

export type Limit =
  | 'operations'
  | 'exponentials'
  | 'bandwidth'
  | 'gathers'
  | 'atomics'
  | 'dispatch';

/** The least seconds in which an adapter can do a stage, and what keeps it from being faster. */
export interface Bound {
  readonly seconds: number;
  readonly limit: Limit;
}

/**
 * As if everything overlapped but dispatches, which wait for one another: the busiest resource's time,
 * and the dispatches'.
 */
export function bound(cost: Cost, peakRates: PeakRates): Bound {
  const times: readonly (readonly [Limit, number])[] = [
    ['operations', cost.operations / peakRates.operations],
    ['exponentials', cost.exponentials / peakRates.exponentials],
    ['bandwidth', cost.bytes / rateAt(peakRates.bandwidth, cost.bytes)],
    ['gathers', accessSeconds(cost.gathers, peakRates.gathers)],
    ['atomics', accessSeconds(cost.atomics, peakRates.atomics)],
  ];
  const [limit, busiest] = times.reduce((most, next) => (next[1] > most[1] ? next : most));
  const waiting = cost.dispatches * peakRates.dispatch;
  return { seconds: busiest + waiting, limit: waiting > busiest ? 'dispatch' : limit };
}

const accessSeconds = (accesses: readonly Accesses[], rates: RateBySize) =>
  accesses.reduce((sum, { count, bytes }) => sum + count / rateAt(rates, bytes), 0);

/** The best rate that was measured over `bytes` or more; what is smaller than all counts as the smallest. */
export function rateAt(rates: RateBySize, bytes: number): number {
  const below = rates.filter((entry) => entry.bytes <= bytes).length;
  return Math.max(...rates.slice(Math.max(0, below - 1)).map(({ rate }) => rate));
}

/**
 * Stretches of consecutive points of one ray that lie in one cell of a level: what must be scattered
 * apart when a thread sums all that falls into a cell before it leaves it.
 *
 * @param positions f32 [points, 4] in ray order.
 * @param rayStarts index of each ray's first point, ascending.
 * @param resolution cells along an edge of [-1, 1]^3.
 */
export function cellRuns(
  positions: Float32Array,
  rayStarts: ReadonlySet<number>,
  resolution: number,
): number {
  let runs = 0;
  let held = -1;
  for (let i = 0; i < positions.length / 4; i++) {
    let cell = 0;
    for (let axis = 2; axis >= 0; axis--) {
      const scaled = 0.5 * resolution * (positions[4 * i + axis]! + 1);
      cell = cell * resolution + Math.min(Math.max(Math.floor(scaled), 0), resolution - 1);
    }
    if (cell !== held || rayStarts.has(i)) runs++;
    held = cell;
  }
  return runs;
}
