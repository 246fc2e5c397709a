/** GANs as rows: what the discriminator minimises, and what the generator. */
import type { Expressions, Value } from '#onnx';

/** One way of playing. Both losses are sums over [N, 1] of logits, or of a critic's values. */
export interface GanLoss<Id extends string = string> {
  readonly id: Id;
  readonly title: string;
  /** One sentence. */
  readonly summary: string;
  /** The discriminator's and the generator's loss in the notation of `tex`. */
  readonly formulas: readonly [discriminator: string, generator: string];
  /** Paper. */
  readonly source: string;
  discriminator(g: Expressions, real: Value, fake: Value): Value;
  generator(g: Expressions, fake: Value): Value;
  /** Bound of the critic's weights after each of its steps. */
  readonly clip?: number;
  /** Weight of (‖∇ D‖ - 1)² between real and fake. */
  readonly penalty?: number;
}

const mean = (g: Expressions, a: Value) => g.mean(a, [0, 1]);
const softplus = (g: Expressions, a: Value) => g.op('Softplus', [a]);

const log = {
  discriminator: (g: Expressions, real: Value, fake: Value) =>
    g.add(mean(g, softplus(g, g.neg(real))), mean(g, softplus(g, fake))),
};

const wasserstein = {
  discriminator: (g: Expressions, real: Value, fake: Value) => g.sub(mean(g, fake), mean(g, real)),
  generator: (g: Expressions, fake: Value) => g.neg(mean(g, fake)),
};

const table = [
  {
    id: 'saturating',
    title: 'Saturating',
    summary: 'The game as it was first written: JS, and hardly a gradient where D is sure.',
    formulas: ['- log D(x) - log (1 - D(g))', 'log (1 - D(g))'],
    source: 'Goodfellow et al., arXiv:1406.2661, equation 1',
    ...log,
    generator: (g, fake) => g.neg(mean(g, softplus(g, fake))),
  },
  {
    id: 'nonsaturating',
    title: 'Non-saturating',
    summary: 'The generator raises log D instead: strong where D is sure, and it seeks modes.',
    formulas: ['- log D(x) - log (1 - D(g))', '- log D(g)'],
    source: 'Goodfellow et al., arXiv:1406.2661, section 3',
    ...log,
    generator: (g, fake) => mean(g, softplus(g, g.neg(fake))),
  },
  {
    id: 'squares',
    title: 'Least squares',
    summary: 'Labels 0 and 1 as a regression: a pull that grows with the distance.',
    formulas: ['(D(x) - 1)^2 + D(g)^2', '(D(g) - 1)^2'],
    source: 'Mao et al., arXiv:1611.04076',
    discriminator: (g, real, fake) =>
      g.add(mean(g, g.square(g.shift(real, -1))), mean(g, g.square(fake))),
    generator: (g, fake) => mean(g, g.square(g.shift(fake, -1))),
  },
  {
    id: 'clipped',
    title: 'W-GAN, clipped',
    summary: 'A critic instead of a judge, kept from being steep by bounds on its weights.',
    formulas: [String.raw`D(g) - D(x), \; |w| \le c`, '- D(g)'],
    source: 'Arjovsky et al., arXiv:1701.07875',
    ...wasserstein,
    clip: 0.3,
  },
  {
    id: 'penalised',
    title: 'W-GAN-GP',
    summary: 'The same, with slope one asked for between the real and the made.',
    formulas: [String.raw`D(g) - D(x) + \lambda (|\nabla D| - 1)^2`, '- D(g)'],
    source: 'Gulrajani et al., arXiv:1704.00028',
    ...wasserstein,
    penalty: 1,
  },
] as const satisfies readonly GanLoss[];

export type GanLossId = (typeof table)[number]['id'];

export const ganLosses: readonly GanLoss<GanLossId>[] = table;
