/** A method at work on the plane: particles, and the terms that move them. */
import { LimbeckError } from '../../errors';
import { normal, uniform } from '../../random';
import type { PlaneMethod } from './methods';
import { type Level, levelOf, type PlaneMixture, type Score, scoreAt } from './mixture';
import type { PlaneSettings } from './settings';
import type { Target } from './targets';

/** Streams of the plane's draws: methods of one seed share all of them. */
const streams = {
  start: 101,
  heap: 102,
  tau: 103,
  noise: 104,
  spread: 105,
  later: 106,
  apart: 107,
};

/** Share of the range of τ that ASD's later level lies above at most (η of the paper, section 4.2). */
const asdReach = 0.1;

/** The mean gradient of a particle, term by term: what is shown as arrows. */
export interface Terms {
  /** λ_DM w [ε_φ(z; y) - b], x and y of each particle one after the other. */
  readonly matching: Float64Array;
  /** λ_CFG w [ε_φ(z'; y) - ε_φ(z'; ∅)] */
  readonly guidance: Float64Array;
}

const blank = (): Score => ({ log: 0, x: 0, y: 0 });

export class Simulation {
  readonly method: PlaneMethod;
  readonly target: Target;
  /** θ: x and y of each particle one after the other. */
  readonly positions: Float64Array;
  readonly terms: Terms;
  /** Steps taken. */
  step = 0;
  /**
   * Mean over the particles of the variance of one draw's gradient, of both coordinates together; NaN for a single
   * draw, and for none yet.
   */
  variance = Number.NaN;
  #settings: PlaneSettings;
  readonly #frozen = blank();
  readonly #other = blank();

  constructor(method: PlaneMethod, target: Target, settings: PlaneSettings) {
    this.method = method;
    this.target = target;
    this.#settings = settings;
    const { particles } = settings;
    this.positions = startPositions(settings);
    this.terms = {
      matching: new Float64Array(2 * particles),
      guidance: new Float64Array(2 * particles),
    };
  }

  /** Other settings from the next step on; the particles stay. */
  set settings(settings: PlaneSettings) {
    this.#settings = settings;
  }

  /** q: what the particles are, each N(θ, h²). */
  get q(): PlaneMixture {
    return particlesAs(this.positions, this.#settings.width);
  }

  /**
   * One step of every particle.
   * @throws LimbeckError when a particle leaves what numbers can hold.
   */
  advance(): void {
    const { rate } = this.#settings;
    this.measure();
    const { matching, guidance } = this.terms;
    const next = this.positions.map((at, i) => at - rate * (matching[i]! + guidance[i]!));
    if (!next.every((at) => Math.abs(at) < 1e6)) {
      throw new LimbeckError(
        `${this.method.title} left the plane at step ${this.step}.`,
        'Make the step size or the guidance smaller, and reset.',
      );
    }
    this.positions.set(next);
    this.step++;
  }

  /** The terms at the particles, from this step's draws; nothing moves. */
  measure(): void {
    const { draws, particles } = this.#settings;
    const { matching, guidance } = this.terms;
    const q = this.q;
    let variance = 0;
    for (let i = 0; i < particles; i++) {
      let [mx, my, gx, gy, squares] = [0, 0, 0, 0, 0];
      const own = this.#ownOf(q, i);
      for (let draw = 0; draw < draws; draw++) {
        const [ax, ay, bx, by] = this.#gradient(q, own, i, draw);
        mx += ax / draws;
        my += ay / draws;
        gx += bx / draws;
        gy += by / draws;
        squares += ((ax + bx) ** 2 + (ay + by) ** 2) / draws;
      }
      const mean = (mx + gx) ** 2 + (my + gy) ** 2;
      variance += ((squares - mean) * draws) / (draws - 1) / particles;
      matching[2 * i] = mx;
      matching[2 * i + 1] = my;
      guidance[2 * i] = gx;
      guidance[2 * i + 1] = gy;
    }
    this.variance = draws > 1 ? Math.max(0, variance) : Number.NaN;
  }

  #ownOf({ x, y, s }: PlaneMixture, i: number): PlaneMixture {
    return {
      x: x.subarray(i, i + 1),
      y: y.subarray(i, i + 1),
      s: s.subarray(i, i + 1),
      w: Float64Array.of(1),
    };
  }

  /** Both terms of a particle for one draw of τ, ε and η. */
  #gradient(
    q: PlaneMixture,
    own: PlaneMixture,
    i: number,
    draw: number,
  ): [mx: number, my: number, gx: number, gy: number] {
    const { seed, width, matching, tauLow, tauHigh, together } = this.#settings;
    const { baseline, normalised, apart, discriminator } = this.method;
    // A discriminator compares two densities, and knows of no prompt.
    const guidance = discriminator ? 0 : this.#settings.guidance;
    const index = i * 32 + draw;
    const high = Math.max(tauLow, tauHigh);
    const draws = (stream: number, k = 0) => normal(seed, stream, this.step, 2 * index + k);
    const share = uniform(seed, streams.tau, this.step, index);
    const tau = discriminator ? tauLow : tauLow + share * (high - tauLow);
    const [ex, ey] = [draws(streams.noise), draws(streams.noise, 1)];
    const x = this.positions[2 * i]! + (width > 0 ? width * draws(streams.spread) : 0);
    const y = this.positions[2 * i + 1]! + (width > 0 ? width * draws(streams.spread, 1) : 0);
    const level = levelOf(tau);
    const [zx, zy] = [level.alpha * x + level.sigma * ex, level.alpha * y + level.sigma * ey];
    const frozen = scoreAt(this.target.asked, level, zx, zy, this.#frozen);
    const [fx, fy] = [-level.sigma * frozen.x, -level.sigma * frozen.y];
    let [mx, my] = [0, 0];
    let scale = 1;
    if (baseline === 'noise') [mx, my] = [fx - ex, fy - ey];
    else if (baseline === 'later') {
      const reach = uniform(seed, streams.later, this.step, index) * asdReach * (tau - tauLow);
      const later = levelOf(Math.min(0.99, tau + reach));
      const lx = later.alpha * x + later.sigma * ex;
      const ly = later.alpha * y + later.sigma * ey;
      const other = scoreAt(this.target.asked, later, lx, ly, this.#other);
      [mx, my] = [fx + later.sigma * other.x, fy + later.sigma * other.y];
    } else if (baseline !== 'none') {
      const known = together && baseline === 'all' ? q : own;
      const other = scoreAt(known, level, zx, zy, this.#other);
      [mx, my] = [fx + level.sigma * other.x, fy + level.sigma * other.y];
      if (discriminator) scale = 1 / (1 + Math.exp(frozen.log - other.log));
    }
    if (normalised) scale = unitStep(level, x, y, zx, zy, fx, fy);
    let guided: Level = level;
    if (apart) {
      guided = levelOf(tau + uniform(seed, streams.apart, this.step, index) * (high - tau));
    }
    const [gx, gy] = guidance > 0 ? this.#guidance(guided, x, y, ex, ey) : [0, 0];
    const [dm, cfg] = [matching * scale, guidance * scale];
    return [dm * mx, dm * my, cfg * gx, cfg * gy];
  }

  /** ε_φ(z; y) - ε_φ(z; ∅) */
  #guidance(level: Level, x: number, y: number, ex: number, ey: number): [number, number] {
    const { alpha, sigma } = level;
    const [zx, zy] = [alpha * x + sigma * ex, alpha * y + sigma * ey];
    const asked = scoreAt(this.target.asked, level, zx, zy, this.#frozen);
    const all = scoreAt(this.target.all, level, zx, zy, this.#other);
    return [sigma * (all.x - asked.x), sigma * (all.y - asked.y)];
  }
}

/** The factor that turns a difference of ε into one of x̂ over the mean of |x - x̂_φ| (DMD, equation 8). */
function unitStep(
  { alpha, sigma }: Level,
  x: number,
  y: number,
  zx: number,
  zy: number,
  fx: number,
  fy: number,
): number {
  const guessX = (zx - sigma * fx) / alpha;
  const guessY = (zy - sigma * fy) / alpha;
  const distance = (Math.abs(x - guessX) + Math.abs(y - guessY)) / 2;
  return sigma / alpha / Math.max(distance, 1e-3);
}

/** Particles as a mixture of equal parts of deviation h. */
export function particlesAs(positions: Float64Array, h: number): PlaneMixture {
  const count = positions.length / 2;
  return {
    x: Float64Array.from({ length: count }, (_, i) => positions[2 * i]!),
    y: Float64Array.from({ length: count }, (_, i) => positions[2 * i + 1]!),
    s: new Float64Array(count).fill(h),
    w: new Float64Array(count).fill(1 / count),
  };
}

/** A heap of deviation 0.15 around a place that the seed draws, or N(0, 1) all over. */
function startPositions({ seed, particles, start }: PlaneSettings): Float64Array {
  const heap = [0, 1].map((axis) => 0.5 * normal(seed, streams.heap, 0, axis));
  return Float64Array.from({ length: 2 * particles }, (_, k) => {
    const draw = normal(seed, streams.start, 0, k);
    return start === 'wide' ? draw : heap[k % 2]! + 0.15 * draw;
  });
}
