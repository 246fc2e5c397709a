/** Gradients of elementwise operators. Each rule stands beside its forward formula. */
import type { Value } from '../../build/builder';
import { floatAttribute, stringAttribute } from '../../graph/graph';
import type { GradientRule, GradientSite } from './rule';

/** dx of a function of one input. */
const unary =
  (dx: (site: GradientSite) => Value): GradientRule =>
  (site) => [() => dx(site)];

/** Zero almost everywhere. */
const flat: GradientRule = ({ node }) => node.inputs.map(() => null);

/** dy where the condition holds, zero elsewhere. */
const mask = ({ g, dy }: GradientSite, condition: Value): Value =>
  g.where(condition, dy, g.scalar(0, dy));

/**
 * Whether this product is x sigmoid(x); returns x. Its gradient in one piece takes four operators instead of six.
 */
function siluOf(site: GradientSite): Value | undefined {
  const [a, b] = site.inputs;
  const isGate = (gate: Value, x: Value) => {
    const node = site.g.producer(gate);
    return node?.op === 'Sigmoid' && node.inputs[0] === x;
  };
  if (isGate(b, a)) return a;
  return isGate(a, b) ? b : undefined;
}

/** y = x s, s = sigmoid(x): dx = dy s (1 + x - y) */
function siluGradient({ g, inputs: [a, b], y, dy }: GradientSite, x: Value): Value {
  const s = a === x ? b : a;
  return g.mul(dy, g.mul(s, g.shift(g.sub(x, y), 1)));
}

/** y = a b: da = dy b, db = dy a */
const mul: GradientRule = (site) => {
  const { g, inputs, dy } = site;
  const [a, b] = inputs;
  const x = siluOf(site);
  // The gate's share is inside dx.
  if (x) return inputs.map((input) => (input === x ? () => siluGradient(site, x) : null));
  return [() => g.mul(dy, b), () => g.mul(dy, a)];
};

/** y = a^b: da = dy b a^(b-1), db = dy y ln a */
const pow: GradientRule = (site) => {
  const { g, inputs, y, dy } = site;
  const [a, b] = inputs;
  const byBase = () => {
    const exponent = site.optionalConstant(1);
    if (exponent?.values.length === 1 && exponent.values[0] === 2) return g.mul(dy, g.scale(a, 2));
    const factor = g.cast(b, g.dataType(a));
    return g.mul(dy, g.mul(factor, g.op('Pow', [a, g.shift(factor, -1)])));
  };
  // The limit at a = 0: y goes to zero faster than ln a to infinity.
  const byExponent = () => {
    const zero = g.op('Equal', [a, g.scalar(0, a)]);
    return site.narrow(g.where(zero, g.scalar(0, y), g.mul(dy, g.mul(y, g.op('Log', [a])))), 1);
  };
  return [byBase, byExponent];
};

/** y = min or max of all: dy goes to the first input that equals y */
const extremum: GradientRule = ({ g, inputs, y, dy }) =>
  inputs.map((input, i) => () => {
    const taken = inputs.slice(0, i).map((before) => g.op('Equal', [before, y]));
    const free = taken.map((condition) => g.op('Not', [condition]));
    const hit = free.reduce((a, b) => g.op('And', [a, b]), g.op('Equal', [input, y]));
    return g.where(hit, dy, g.scalar(0, dy));
  });

/** y = min(max(x, low), high): dy goes to the bound that holds, else to x. Where low > high, y is high. */
const clip: GradientRule = (site) => {
  const { g, x, inputs, dy } = site;
  const [low, high] = [inputs[1] || undefined, inputs[2] || undefined];
  const over = high && g.op('Greater', [x, high]);
  const under = low && g.op('Less', [x, low]);
  // Bounds that are crossed leave the upper one.
  const crossed = low && high ? g.op('Greater', [low, high]) : undefined;
  const above = () => (crossed ? g.op('Or', [over!, crossed]) : over!);
  const onlyUnder = () => (high ? g.op('And', [under!, g.op('Not', [above()])]) : under!);
  // One condition after the other: WebGPU has no Or, and a gradient by x alone needs none.
  const cuts = [over, under, crossed].filter((cut) => cut !== undefined);
  return [
    () => cuts.reduce((kept, cut) => g.where(cut, g.scalar(0, dy), kept), dy),
    under ? () => mask(site, onlyUnder()) : null,
    over ? () => mask(site, above()) : null,
  ];
};

/** y = x m / (1 - ratio), m the mask of what is kept; the identity unless in training mode. */
const dropout: GradientRule = (site) => {
  const { g, node, inputs } = site;
  const training = inputs[2] ? site.optionalConstant(2)?.values[0] : 0;
  if (training === 0) return [() => site.dy, null, null];
  const mask = node.outputs[1];
  const ratio = inputs[1] ? site.optionalConstant(1)?.values[0] : 0.5;
  if (!mask || ratio === undefined || training === undefined) {
    site.fail('is in training mode without a mask to go by: export the model for inference');
  }
  const kept = () => g.scale(site.dy, 1 / (1 - ratio!));
  return [() => g.where(mask!, kept(), g.scalar(0, site.dy)), null, null];
};

const INVERSE_SQRT_2PI = 1 / Math.sqrt(2 * Math.PI);

/** y = x P(x), P the normal distribution function: dx = dy (P(x) + x p(x)) */
function geluGradient({ g, x, dy }: GradientSite): Value {
  const p = g.scale(g.exp(g.scale(g.square(x), -0.5)), INVERSE_SQRT_2PI);
  const distribution = g.shift(g.scale(g.op('Erf', [g.scale(x, Math.SQRT1_2)]), 0.5), 0.5);
  return g.mul(dy, g.add(distribution, g.mul(x, p)));
}

/** y = x/2 (1 + t), t = tanh(u), u = k (x + c x^3): dx = dy/2 (1 + t + x (1 - t^2) k (1 + 3 c x^2)) */
function geluTanhGradient({ g, x, dy }: GradientSite): Value {
  const [k, c] = [Math.sqrt(2 / Math.PI), 0.044715];
  const xx = g.square(x);
  const t = g.op('Tanh', [g.scale(g.mul(x, g.shift(g.scale(xx, c), 1)), k)]);
  const slope = g.mul(g.complement(g.square(t)), g.shift(g.scale(xx, 3 * c * k), k));
  return g.mul(g.scale(dy, 0.5), g.add(g.shift(t, 1), g.mul(x, slope)));
}

export const elementwiseGradients: Readonly<Record<string, GradientRule>> = {
  /** y = a + b */
  Add: ({ dy }) => [() => dy, () => dy],
  /** y = a - b */
  Sub: ({ g, dy }) => [() => dy, () => g.neg(dy)],
  Mul: mul,
  /** y = a / b: da = dy / b, db = -dy y / b */
  Div: ({ g, inputs: [, b], y, dy }) => [() => g.div(dy, b), () => g.neg(g.div(g.mul(dy, y), b))],
  Pow: pow,
  Min: extremum,
  Max: extremum,
  /** y = a + b + ... */
  Sum: ({ inputs, dy }) => inputs.map(() => () => dy),
  /** y = condition ? a : b */
  Where: ({ g, inputs: [condition], dy }) => [
    null,
    () => g.where(condition, dy, g.scalar(0, dy)),
    () => g.where(condition, g.scalar(0, dy), dy),
  ],
  Identity: unary(({ dy }) => dy),
  Dropout: dropout,
  /** Between floats the identity; from integers nothing flows back */
  Cast: unary(({ g, x, dy }) => g.cast(dy, g.dataType(x))),
  CastLike: ({ g, x, dy }) => [() => g.cast(dy, g.dataType(x)), null],
  Neg: unary(({ g, dy }) => g.neg(dy)),
  /** y = |x|: dx = sign(x) dy */
  Abs: unary(({ g, x, dy }) => g.where(g.op('Less', [x, g.scalar(0, x)]), g.neg(dy), dy)),
  /** y = 1 / x: dx = -dy y^2 */
  Reciprocal: unary(({ g, y, dy }) => g.neg(g.mul(dy, g.square(y)))),
  /** y = sqrt(x): dx = dy / (2 y) */
  Sqrt: unary(({ g, y, dy }) => g.div(g.scale(dy, 0.5), y)),
  /** y = e^x: dx = dy y */
  Exp: unary(({ g, y, dy }) => g.mul(dy, y)),
  /** y = ln x: dx = dy / x */
  Log: unary(({ g, x, dy }) => g.div(dy, x)),
  Sin: unary(({ g, x, dy }) => g.mul(dy, g.op('Cos', [x]))),
  Cos: unary(({ g, x, dy }) => g.neg(g.mul(dy, g.op('Sin', [x])))),
  /** y = erf(x): dx = dy 2/sqrt(pi) e^(-x^2) */
  Erf: unary(({ g, x, dy }) =>
    g.mul(dy, g.scale(g.exp(g.neg(g.square(x))), 2 / Math.sqrt(Math.PI))),
  ),
  /** dx = dy (1 - y^2) */
  Tanh: unary(({ g, y, dy }) => g.mul(dy, g.complement(g.square(y)))),
  /** dx = dy y (1 - y) */
  Sigmoid: unary(({ g, y, dy }) => g.mul(dy, g.mul(y, g.complement(y)))),
  /** y = ln(1 + e^x): dx = dy sigmoid(x) */
  Softplus: unary(({ g, x, dy }) => g.mul(dy, g.sigmoid(x))),
  /** y = x s, s = sigmoid(alpha x): dx = dy (s + alpha y (1 - s)) */
  Swish: unary(({ g, node, x, y, dy }) => {
    const alpha = floatAttribute(node, 'alpha', 1);
    const s = g.sigmoid(g.scale(x, alpha));
    return g.mul(dy, g.add(s, g.mul(g.scale(y, alpha), g.complement(s))));
  }),
  Relu: unary((site) => mask(site, site.g.op('Greater', [site.x, site.g.scalar(0, site.x)]))),
  /** y = x > 0 ? x : alpha x */
  LeakyRelu: unary(({ g, node, x, dy }) =>
    g.where(
      g.op('Greater', [x, g.scalar(0, x)]),
      dy,
      g.scale(dy, floatAttribute(node, 'alpha', 0.01)),
    ),
  ),
  /** y = x > 0 ? x : alpha (e^x - 1): dx = dy or dy (y + alpha) */
  Elu: unary(({ g, node, x, y, dy }) =>
    g.where(
      g.op('Greater', [x, g.scalar(0, x)]),
      dy,
      g.mul(dy, g.shift(y, floatAttribute(node, 'alpha', 1))),
    ),
  ),
  Gelu: unary((site) =>
    stringAttribute(site.node, 'approximate', 'none') === 'tanh'
      ? geluTanhGradient(site)
      : geluGradient(site),
  ),
  Clip: clip,
  /** y = x > 0 ? gamma x : gamma alpha (e^x - 1) */
  Selu: unary(({ g, node, x, y, dy }) => {
    const alpha = floatAttribute(node, 'alpha', 1.6732632423543772);
    const gamma = floatAttribute(node, 'gamma', 1.0507009873554805);
    const slope = g.shift(y, alpha * gamma);
    return g.mul(dy, g.where(g.op('Greater', [x, g.scalar(0, x)]), g.scalar(gamma, x), slope));
  }),
  /** y = x > 0 ? x : alpha (e^(x / alpha) - 1) */
  Celu: unary(({ g, node, x, dy }) => {
    const slope = g.exp(g.scale(x, 1 / floatAttribute(node, 'alpha', 1)));
    return g.mul(dy, g.op('Min', [slope, g.scalar(1, x)]));
  }),
  /** y = x > alpha ? x : 0 */
  ThresholdedRelu: unary((site) => {
    const { g, node, x } = site;
    return mask(site, g.op('Greater', [x, g.scalar(floatAttribute(node, 'alpha', 1), x)]));
  }),
  /** y = x -+ bias beyond +-lambda, else 0 */
  Shrink: unary((site) => {
    const { g, node, x } = site;
    const bound = g.scalar(floatAttribute(node, 'lambd', 0.5), x);
    return mask(site, g.op('Greater', [g.op('Abs', [x]), bound]));
  }),
  /** y = clip(alpha x + beta, 0, 1) */
  HardSigmoid: unary((site) => {
    const { g, node, y, dy } = site;
    const inside = g.op('And', [
      g.op('Greater', [y, g.scalar(0, y)]),
      g.op('Less', [y, g.scalar(1, y)]),
    ]);
    const slope = g.scale(dy, floatAttribute(node, 'alpha', 0.2));
    return g.where(inside, slope, g.scalar(0, dy));
  }),
  /** y = x clip(x / 6 + 1/2, 0, 1): dx = 0 below -3, 1 above 3, between them x / 3 + 1/2 */
  HardSwish: unary(({ g, x, dy }) => {
    const inside = g.shift(g.scale(x, 1 / 3), 0.5);
    const low = g.where(g.op('Less', [x, g.scalar(-3, x)]), g.scalar(0, x), inside);
    return g.mul(dy, g.where(g.op('Greater', [x, g.scalar(3, x)]), g.scalar(1, x), low));
  }),
  /** y = x t, t = tanh(ln(1 + e^x)): dx = dy (t + x sigmoid(x) (1 - t^2)) */
  Mish: unary(({ g, x, dy }) => {
    const t = g.op('Tanh', [g.op('Softplus', [x])]);
    return g.mul(dy, g.add(t, g.mul(g.mul(x, g.sigmoid(x)), g.complement(g.square(t)))));
  }),
  /** y = x / (1 + |x|): dx = dy / (1 + |x|)^2 */
  Softsign: unary(({ g, x, dy }) => g.div(dy, g.square(g.shift(g.op('Abs', [x]), 1)))),
  /** y = x < 0 ? slope x : x */
  PRelu: ({ g, inputs: [x, slope], dy }) => {
    const negative = g.op('Less', [x, g.scalar(0, x)]);
    return [
      () => g.where(negative, g.mul(dy, slope), dy),
      () => g.where(negative, g.mul(dy, x), g.scalar(0, dy)),
    ];
  },
  /** y = a - b trunc(a / b) */
  Mod: ({ g, inputs: [a, b], y, dy }) => [() => dy, () => g.neg(g.mul(dy, g.div(g.sub(a, y), b)))],
  /** dx = dy (1 + y^2) */
  Tan: unary(({ g, y, dy }) => g.mul(dy, g.shift(g.square(y), 1))),
  Sinh: unary(({ g, x, dy }) => g.mul(dy, g.op('Cosh', [x]))),
  Cosh: unary(({ g, x, dy }) => g.mul(dy, g.op('Sinh', [x]))),
  /** dx = dy / sqrt(1 - x^2) */
  Asin: unary(({ g, x, dy }) => g.div(dy, g.sqrt(g.complement(g.square(x))))),
  Acos: unary(({ g, x, dy }) => g.neg(g.div(dy, g.sqrt(g.complement(g.square(x)))))),
  /** dx = dy / (1 + x^2) */
  Atan: unary(({ g, x, dy }) => g.div(dy, g.shift(g.square(x), 1))),
  /** dx = dy / sqrt(x^2 + 1) */
  Asinh: unary(({ g, x, dy }) => g.div(dy, g.sqrt(g.shift(g.square(x), 1)))),
  /** dx = dy / sqrt(x^2 - 1) */
  Acosh: unary(({ g, x, dy }) => g.div(dy, g.sqrt(g.shift(g.square(x), -1)))),
  /** dx = dy / (1 - x^2) */
  Atanh: unary(({ g, x, dy }) => g.div(dy, g.complement(g.square(x)))),
  // Draws do not depend on the values that only lend them their shape.
  RandomNormalLike: flat,
  RandomUniformLike: flat,
  Bernoulli: flat,
  Hardmax: flat,
  Floor: flat,
  Ceil: flat,
  Round: flat,
  Sign: flat,
};
