import type { Accuracy } from '../retrieval/manifest';
import type { CellResult, EvaluatedMethod } from './cell';
import { diversity } from './spread';

/** A mean over the cells that have a value, its standard error, and how many they are; null where none has one. */
export interface Mean {
  readonly mean: number;
  readonly error: number | null;
  readonly count: number;
}

/** What a method's objects are like, on the mean. */
export interface MethodSummary {
  readonly method: EvaluatedMethod;
  readonly cells: number;
  readonly top1: Mean | null;
  readonly top5: Mean | null;
  /** Of the natural logarithm of the share that the scorer gives the prompt. */
  readonly logShare: Mean | null;
  readonly colour: Mean | null;
  readonly frontBackOverlap: Mean | null;
  readonly frontBackLikeness: Mean | null;
  readonly edgeWidth: Mean | null;
  readonly halfTransparent: Mean | null;
  readonly colourNoise: Mean | null;
  readonly saturated: Mean | null;
  /** Mean of 1 − cosine of the scorer's embeddings between the seeds of a prompt. */
  readonly diversity: Mean | null;
  readonly variance: Mean | null;
  readonly processorSeconds: Mean | null;
  readonly calls: Mean | null;
}

/** A cell that could not be made. */
export interface Failure {
  readonly prompt: string;
  readonly method: EvaluatedMethod;
  readonly seed: number;
  readonly message: string;
}

/** A cell's result and where it lies, from the report on. */
export type StoredResult = CellResult & { readonly folder: string };

/** `report.json`. */
export interface Report {
  readonly limbeck: string;
  readonly command: string;
  readonly model: string;
  /** How far the judge itself can be trusted: real renders of objects that it has not seen. */
  readonly scorer: { readonly id: string; readonly sha256: string; readonly accuracy: Accuracy };
  readonly methods: readonly MethodSummary[];
  readonly cells: readonly StoredResult[];
  readonly failures: readonly Failure[];
}

/** The means of each method, in the order in which methods first appear. */
export function summarise(cells: readonly CellResult[]): MethodSummary[] {
  const methods = [...new Set(cells.map(({ method }) => method))];
  return methods.map((method) =>
    summaryOf(
      method,
      cells.filter((cell) => cell.method === method),
    ),
  );
}

function summaryOf(method: EvaluatedMethod, cells: readonly CellResult[]): MethodSummary {
  const mean = (of: (cell: CellResult) => number | boolean | null) => meanOf(cells.map(of));
  const prompts = [...new Set(cells.map(({ prompt }) => prompt))];
  const spreads = prompts.map((prompt) => {
    const seeds = cells.filter((cell) => cell.prompt === prompt);
    return diversity(seeds.map(({ embedding }) => embedding));
  });
  return {
    method,
    cells: cells.length,
    top1: mean(({ rank }) => rank < 1),
    top5: mean(({ rank }) => rank < 5),
    logShare: mean(({ logShare }) => logShare),
    colour: mean(({ colour }) => colour),
    frontBackOverlap: mean(({ frontBack }) => frontBack.overlap),
    frontBackLikeness: mean(({ frontBack }) => frontBack.likeness),
    edgeWidth: mean(({ edgeWidth }) => edgeWidth),
    halfTransparent: mean(({ halfTransparent }) => halfTransparent),
    colourNoise: mean(({ colourNoise }) => colourNoise),
    saturated: mean(({ saturated }) => saturated),
    diversity: meanOf(spreads),
    variance: meanOf(cells.flatMap(({ variance }) => variance.map(({ value }) => value))),
    processorSeconds: mean(({ seconds }) => seconds.processor),
    calls: mean(({ calls }) => calls),
  };
}

/** Null and what is not a number are left out. */
export function meanOf(values: readonly (number | boolean | null)[]): Mean | null {
  const known = values.map((value) => (value === null ? Number.NaN : Number(value)));
  const list = known.filter(Number.isFinite);
  const count = list.length;
  if (count === 0) return null;
  const mean = list.reduce((sum, value) => sum + value, 0) / count;
  const squares = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: count < 2 ? null : Math.sqrt(squares / (count - 1) / count), count };
}
