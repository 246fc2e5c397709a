/** Mixtures of Gaussians on the line. */
import { LimbeckError } from '../../errors';

/** A part of a mixture: a Gaussian and its share of the whole. */
export interface Component {
  readonly mean: number;
  /** Standard deviation, above zero. */
  readonly deviation: number;
  /** Share of the mixture; those of its components add up to one. */
  readonly weight: number;
}

/** A density on the line, of one component at least. */
export type Mixture = readonly Component[];

/** What a lab's mixture may hold, so that quadrature can resolve it. */
export const bounds = { mean: 50, deviation: [0.02, 20], components: 12 } as const;

/** The nearest number within both ends. */
export const clamp = (value: number, low: number, high: number) =>
  Math.min(high, Math.max(low, value));

const remedy =
  'Write N(mean, deviation), several with + between them, as in 2N(-1, 0.5) + N(2, 0.8).';

/**
 * Weights brought to a sum of one.
 * @throws LimbeckError for no components, and for numbers that make no density or one too wide or narrow.
 */
export function mixture(components: readonly Component[], name = 'The mixture'): Mixture {
  const { mean: far, deviation, components: most } = bounds;
  const [low, high] = deviation;
  if (components.length === 0) throw new LimbeckError(`${name} has no component.`, remedy);
  if (components.length > most) {
    throw new LimbeckError(
      `${name} has ${components.length} components.`,
      `Keep ${most} of them at most.`,
    );
  }
  for (const part of components) {
    const shown = `N(${part.mean}, ${part.deviation})`;
    if (!(Math.abs(part.mean) <= far)) {
      throw new LimbeckError(`${name} has ${shown}.`, `Keep means from ${-far} to ${far}.`);
    }
    if (!(part.deviation >= low && part.deviation <= high)) {
      throw new LimbeckError(`${name} has ${shown}.`, `Keep deviations from ${low} to ${high}.`);
    }
    if (!(part.weight > 0 && part.weight < Number.POSITIVE_INFINITY)) {
      throw new LimbeckError(`${name} weighs ${shown} by ${part.weight}.`, 'Weigh it above zero.');
    }
  }
  const total = components.reduce((sum, { weight }) => sum + weight, 0);
  return components.map((part) => ({ ...part, weight: part.weight / total }));
}

const number = String.raw`[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?`;
const term = new RegExp(
  String.raw`^\s*(${number})?\s*\*?\s*N\s*\(\s*(${number})\s*,\s*(${number})\s*\)\s*$`,
  'i',
);

/**
 * The mixture that a text such as `2N(-1, 0.5) + N(2, 0.8)` stands for; the number before a Gaussian is its weight.
 * @throws LimbeckError naming what is not understood.
 */
export function parseMixture(text: string, name = 'The mixture'): Mixture {
  if (text.trim() === '') throw new LimbeckError(`${name} is empty.`, remedy);
  const parts = text.split(/\+(?=[^+]*N)/i).map((part) => {
    const found = term.exec(part);
    if (!found) throw new LimbeckError(`${name} has '${part.trim().slice(0, 40)}'.`, remedy);
    const [, weight = '1', mean, deviation] = found;
    return { weight: Number(weight), mean: Number(mean), deviation: Number(deviation) };
  });
  return mixture(parts, name);
}

const short = (value: number) => String(Number(value.toPrecision(4)));

/** The inverse of {@link parseMixture}, to four digits. */
export function mixtureText(parts: Mixture): string {
  const even = parts.every(({ weight }) => weight === parts[0]!.weight);
  return parts
    .map(({ weight, mean, deviation }) => {
      return `${even ? '' : short(weight)}N(${short(mean)}, ${short(deviation)})`;
    })
    .join(' + ');
}

const logRoot = Math.log(Math.sqrt(2 * Math.PI));

/** The logarithm of a component's share of the density at x. */
export function logPart({ mean, deviation, weight }: Component, x: number): number {
  const z = (x - mean) / deviation;
  return Math.log(weight / deviation) - z * z * 0.5 - logRoot;
}

/** The logarithm of the density at x, finite however far out. */
export function logDensity(parts: Mixture, x: number): number {
  const logs = parts.map((part) => logPart(part, x));
  const top = Math.max(...logs);
  return top + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - top), 0));
}

/** Mean and standard deviation of the whole. */
export function moments(parts: Mixture): { readonly mean: number; readonly deviation: number } {
  const mean = parts.reduce((sum, part) => sum + part.weight * part.mean, 0);
  const square = parts.reduce(
    (sum, part) => sum + part.weight * (part.deviation ** 2 + (part.mean - mean) ** 2),
    0,
  );
  return { mean, deviation: Math.sqrt(square) };
}
