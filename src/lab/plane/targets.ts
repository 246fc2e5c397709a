/** What the generators of the plane are to make. */
import { LimbeckError } from '../../errors';
import { evenMixture, type PlaneMixture, together } from './mixture';

/** A target: what is asked for, and all that the prior knows. */
export interface Target {
  /** p(x | y): what the prompt asks for; a component is a mode. */
  readonly asked: PlaneMixture;
  /**
   * p(x): the same and something else. Classifier-free guidance is along the difference of the two scores, so without
   * something else there is none.
   */
  readonly all: PlaneMixture;
}

/** The largest coordinate that the plane shows. */
export const edge = 2.4;
/** Most points of a target of one's own. */
export const mostPoints = 120;

const ring = (count: number, radius: number): [number, number][] =>
  Array.from({ length: count }, (_, k) => {
    const angle = (2 * Math.PI * k) / count;
    return [radius * Math.cos(angle), radius * Math.sin(angle)];
  });

const grid = (side: number, half: number): [number, number][] =>
  Array.from({ length: side * side }, (_, k) => {
    const at = (i: number) => half * ((2 * i) / (side - 1) - 1);
    return [at(k % side), at(Math.floor(k / side))];
  });

const spiral = (count: number): [number, number][] =>
  Array.from({ length: count }, (_, k) => {
    const turn = 0.15 + (0.85 * k) / (count - 1);
    const angle = turn * 3.2 * Math.PI;
    return [1.8 * turn * Math.cos(angle), 1.8 * turn * Math.sin(angle)];
  });

/** All else that a prior knows: a broad cloud around what is asked for. */
const cloud = evenMixture([[0, 0]], 1.5);
const amongCloud = (asked: PlaneMixture): Target => ({ asked, all: together(asked, cloud, 0.5) });

const eight = ring(8, 1.5);

/** The targets that ship. */
export const targets = {
  ring: { title: 'Ring of 8', make: () => amongCloud(evenMixture(eight, 0.1)) },
  grid: { title: 'Grid of 25', make: () => amongCloud(evenMixture(grid(5, 1.7), 0.08)) },
  two: { title: 'Two modes', make: () => amongCloud(evenMixture(ring(2, 1.2), 0.25)) },
  spiral: { title: 'Spiral', make: () => amongCloud(evenMixture(spiral(28), 0.09)) },
  half: {
    title: 'Half a ring',
    make: (): Target => ({
      asked: evenMixture(
        eight.filter(([, y]) => y > 0.1 || y < -1.4),
        0.1,
      ),
      all: evenMixture(eight, 0.1),
    }),
  },
} as const;

export type TargetId = keyof typeof targets;
export const targetIds = Object.keys(targets) as TargetId[];

/**
 * A target of one's own: a narrow Gaussian at each point.
 * @throws LimbeckError when there is no point, or one outside the plane.
 */
export function ownTarget(points: readonly (readonly [number, number])[]): Target {
  if (points.length === 0) {
    throw new LimbeckError('The target has no points.', 'Draw some on the plane.');
  }
  if (points.length > mostPoints) {
    throw new LimbeckError(
      `The target has ${points.length} points.`,
      `Draw at most ${mostPoints}.`,
    );
  }
  const lost = points.find((point) => !point.every((value) => Math.abs(value) <= edge));
  if (lost) {
    throw new LimbeckError(
      `The target has the point (${lost.join(', ')}).`,
      `Keep coordinates from ${-edge} to ${edge}.`,
    );
  }
  return amongCloud(evenMixture(points, 0.1));
}

/** Points as a link holds them: `0.12,-1.3;1,2`. */
export const pointsText = (points: readonly (readonly [number, number])[]): string =>
  points.map((point) => point.map((value) => Number(value.toFixed(2))).join(',')).join(';');

/** The inverse of {@link pointsText}. @throws LimbeckError naming what is no point. */
export function parsePoints(text: string): [number, number][] {
  if (text.trim() === '') return [];
  return text.split(';').map((pair) => {
    const parts = pair.split(',');
    const numbers = parts.map((part) => (part.trim() === '' ? Number.NaN : Number(part)));
    if (numbers.length !== 2 || !numbers.every(Number.isFinite)) {
      throw new LimbeckError(
        `The target has the point '${pair.slice(0, 40)}'.`,
        'Write points as x,y with ; between them.',
      );
    }
    return numbers as [number, number];
  });
}
