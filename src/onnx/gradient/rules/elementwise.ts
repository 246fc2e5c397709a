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
  return [byBase, () => g.mul(dy, g.mul(y, g.op('Log', [a])))];
};

/** y = min or max of all: dy goes to the first input that equals y */
const extremum: GradientRule = ({ g, inputs, y, dy }) =>
  inputs.map((input, i) => () => {
    const taken = inputs.slice(0, i).map((before) => g.op('Equal', [before, y]));
    const free = taken.map((condition) => g.op('Not', [condition]));
    const hit = free.reduce((a, b) => g.op('And', [a, b]), g.op('Equal', [input, y]));
    return g.where(hit, dy, g.scalar(0, dy));
  });

/** y = min(max(x, low), high): dx = dy inside the bounds */
const clip = unary((site) => {
  const { g, x, inputs } = site;
  const bounds = [
    inputs[1] && g.op('GreaterOrEqual', [x, inputs[1]]),
    inputs[2] && g.op('LessOrEqual', [x, inputs[2]]),
  ].filter((bound) => bound !== undefined && bound !== '');
  return bounds.length === 0
    ? site.dy
    : mask(
        site,
        bounds.reduce((a, b) => g.op('And', [a, b])),
      );
});

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
  /** Inference: the identity */
  Dropout: ({ dy }) => [() => dy, null, null],
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
  Clip: (site) => [...clip(site), null, null],
  Floor: flat,
  Ceil: flat,
  Round: flat,
  Sign: flat,
};
