/** The pictures of the story, in its order. */
import { compare, gradient, logDensities, quadrature } from '../../line/divergence';
import { optima } from '../../line/fit';
import {
  discriminatorPull,
  onPolicyLoss,
  saturatingGradient,
  stepVariance,
  vsdPull,
  vsdStep,
} from '../../line/identities';
import { logDensity, type Mixture, parseMixture } from '../../line/mixture';
import type { FigureOptions } from './figure';

const p = parseMixture('2N(-1.4, 0.5) + N(1.6, 0.7)');
const one = (mean: number, deviation: number): Mixture => [{ mean, deviation, weight: 1 }];
const range = (low: number, high: number, count: number) =>
  Array.from({ length: count }, (_, i) => low + ((high - low) * i) / (count - 1));

const places = range(-4, 4, 161);
const density = (m: Mixture) => places.map((x) => Math.exp(logDensity(m, x)));
const largest = (a: readonly number[], b: readonly number[]) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

/** The largest difference of two curves in the words of a caption. */
const apart = (a: readonly number[], b: readonly number[]) => {
  const gap = largest(a, b);
  return gap < 1e-4
    ? 'The curves lie on each other.'
    : `They differ by ${gap.toPrecision(2)} at most.`;
};

const betas = range(0.004, 0.996, 63);
const means = range(-3, 3, 49);

export const ganIsJs: FigureOptions = {
  id: 'gan',
  title: 'Gradient by the place of q',
  xName: 'mean of q',
  x: [-3, 3],
  dials: [
    { name: 'C', letter: 'C', min: -5, max: 5, first: 0, step: 0.05 },
    { name: 'lambda', letter: String.raw`\lambda`, min: 0.2, max: 2, first: 1, step: 0.05 },
  ],
  curves: ({ C, lambda }) => {
    const beta = 1 / (1 + Math.exp(-C!));
    const js = means.map((mean) => jsSlope(one(mean, 0.9), beta));
    const gan = means.map((mean) => saturatingGradient(p, one(mean, 0.9), lambda!, C!));
    return [
      { name: 'JS_β / (1 − β)', colour: '--lapis', xs: means, ys: js },
      { name: 'saturating GAN', colour: '--copper', xs: means, ys: gan, dashed: true },
    ];
  },
  says: ({ C, lambda }) => {
    const beta = 1 / (1 + Math.exp(-C!));
    const js = means.map((mean) => jsSlope(one(mean, 0.9), beta));
    const gan = means.map((mean) => saturatingGradient(p, one(mean, 0.9), lambda!, C!));
    return `β = σ(C) = ${beta.toFixed(3)}. ${apart(js, gan)}`;
  },
};

function jsSlope(q: Mixture, beta: number): number {
  const grid = quadrature([p, q], 6);
  return beta * gradient({ kind: 'js', beta }, logDensities(p, grid), q, grid).mean[0]!;
}

export const limits: FigureOptions = {
  id: 'limits',
  title: 'JS_β between its limits',
  xName: 'β',
  x: [0, 1],
  y: [0, undefined],
  dials: [
    { name: 'mean', letter: String.raw`\mu`, min: -3, max: 3, first: 0.4 },
    { name: 'deviation', letter: String.raw`\sigma`, min: 0.6, max: 2.5, first: 1.4 },
  ],
  curves: ({ mean, deviation }) => {
    const all = betas.map((beta) => compare(p, one(mean!, deviation!), beta));
    const { forward, reverse } = all[0]!;
    return [
      { name: 'JS_β / β', colour: '--copper', xs: betas, ys: all.map((c) => c.jsOverBeta) },
      {
        name: 'JS_β / (1 − β)',
        colour: '--verdigris',
        xs: betas,
        ys: all.map((c) => c.jsOverRest),
      },
      { name: 'KL(p ‖ q)', colour: '--copper', xs: [0, 1], ys: [forward, forward], dashed: true },
      {
        name: 'KL(q ‖ p)',
        colour: '--verdigris',
        xs: [0, 1],
        ys: [reverse, reverse],
        dashed: true,
      },
    ];
  },
  says: ({ mean, deviation }) => {
    const near = compare(p, one(mean!, deviation!), 1e-4);
    const far = compare(p, one(mean!, deviation!), 1 - 1e-4);
    return `At β = 0.0001 JS_β / β is ${near.jsOverBeta.toFixed(4)}, KL(p ‖ q) ${near.forward.toFixed(4)}; at β = 0.9999 JS_β / (1 − β) is ${far.jsOverRest.toFixed(4)}, KL(q ‖ p) ${far.reverse.toFixed(4)}.`;
  },
};

export const fits: FigureOptions = {
  id: 'fits',
  title: 'The best Gaussian under JS_β',
  x: [-4, 4],
  y: [0, undefined],
  dials: [{ name: 'beta', letter: String.raw`\beta`, min: 0, max: 1, first: 0.1, step: 0.01 }],
  curves: ({ beta }) => {
    const [best] = optima({ kind: 'js', beta: beta! }, p);
    return [
      { name: 'p', colour: '--muted', xs: places, ys: density(p), filled: true },
      {
        name: 'the best q',
        colour: '--lapis',
        xs: places,
        ys: density(one(best!.mean, best!.deviation)),
      },
    ];
  },
  says: ({ beta }) => {
    const all = optima({ kind: 'js', beta: beta! }, p);
    const { mean, deviation } = all[0]!;
    const others =
      all.length === 1 ? 'no other' : all.length === 2 ? 'one other' : `${all.length - 1} others`;
    return `Mean ${mean.toFixed(2)}, deviation ${deviation.toFixed(2)}; ${others} to get stuck in.`;
  },
};

const counts = range(0, 4, 41).map((power) => Math.round(10 ** power));

export const onPolicy: FigureOptions = {
  id: 'policy',
  title: 'log q/p over the student’s own samples',
  xName: 'log₁₀ samples',
  x: [0, 4],
  dials: [
    { name: 'mean', letter: String.raw`\mu`, min: -3, max: 3, first: 0.6 },
    { name: 'seed', letter: 'seed', min: 0, max: 20, first: 1, step: 1 },
  ],
  curves: ({ mean, seed }) => {
    const q = one(mean!, 0.8);
    const { reverse } = compare(p, q, 0.5);
    const xs = counts.map((count) => Math.log10(count));
    return [
      { name: 'KL(q ‖ p)', colour: '--verdigris', xs: [0, 4], ys: [reverse, reverse] },
      {
        name: 'on-policy loss',
        colour: '--copper',
        xs,
        ys: counts.map((count) => onPolicyLoss(p, q, count, seed!)),
        dashed: true,
      },
    ];
  },
  says: ({ mean, seed }) => {
    const q = one(mean!, 0.8);
    const { reverse } = compare(p, q, 0.5);
    return `Exact ${reverse.toFixed(4)}; over 10,000 samples ${onPolicyLoss(p, q, 10_000, seed!).toFixed(4)}.`;
  },
};

const wide = one(0.3, 1.3);

export const vsdIsGan: FigureOptions = {
  id: 'vsd',
  title: 'What moves a sample at x',
  xName: 'x',
  x: [-4, 4],
  dials: [{ name: 'tau', letter: String.raw`\tau`, min: 0, max: 0.95, first: 0.3, step: 0.005 }],
  curves: ({ tau }) => [
    {
      name: 'slope of log p/q: the discriminator’s',
      colour: '--cochineal',
      xs: places,
      ys: places.map((x) => discriminatorPull(p, wide, x)),
    },
    {
      name: 'VSD at τ',
      colour: '--verdigris',
      xs: places,
      ys: places.map((x) => vsdPull(p, wide, tau!, x)),
      dashed: true,
    },
  ],
  says: ({ tau }) =>
    apart(
      places.map((x) => discriminatorPull(p, wide, x)),
      places.map((x) => vsdPull(p, wide, tau!, x)),
    ),
};

export const sdsIsVsd: FigureOptions = {
  id: 'sds',
  title: 'Mean step of a particle at θ',
  xName: 'θ',
  x: [-3, 3],
  dials: [
    { name: 'h', letter: 'h', min: 0, max: 1.5, first: 0.8, step: 0.01 },
    { name: 'tau', letter: String.raw`\tau`, min: 0.02, max: 0.95, first: 0.3, step: 0.01 },
  ],
  curves: ({ h, tau }) => [
    { name: 'SDS', colour: '--copper', xs: means, ys: means.map((m) => vsdStep(p, m, 0, tau!)) },
    {
      name: 'VSD of N(θ, h²)',
      colour: '--verdigris',
      xs: means,
      ys: means.map((m) => vsdStep(p, m, h!, tau!)),
      dashed: true,
    },
  ],
  says: ({ h, tau }) => {
    const [a, b] = [0, h!].map((width) => means.map((m) => vsdStep(p, m, width, tau!)));
    return apart(a!, b!);
  },
};

const levels = range(0.02, 0.98, 49);

export const variance: FigureOptions = {
  id: 'variance',
  title: 'Variance of one draw’s step',
  xName: 'τ',
  x: [0, 1],
  y: [0, undefined],
  dials: [
    { name: 'h', letter: 'h', min: 0, max: 1.5, first: 0.8, step: 0.01 },
    { name: 'theta', letter: String.raw`\theta`, min: -3, max: 3, first: 0.5 },
  ],
  curves: ({ h, theta }) => [
    {
      name: 'less the noise (SDS)',
      colour: '--copper',
      xs: levels,
      ys: levels.map((tau) => stepVariance(p, theta!, h!, tau, 'noise')),
    },
    {
      name: 'less the score of q (VSD)',
      colour: '--verdigris',
      xs: levels,
      ys: levels.map((tau) => stepVariance(p, theta!, h!, tau, 'score')),
      dashed: true,
    },
  ],
  says: ({ h, theta }) => {
    const [sds, vsd] = (['noise', 'score'] as const).map((kind) =>
      stepVariance(p, theta!, h!, 0.3, kind),
    );
    return `At τ = 0.3: ${sds!.toFixed(3)} and ${vsd!.toFixed(3)}.`;
  },
};
