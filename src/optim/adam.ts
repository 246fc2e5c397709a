import code from '../../shaders/optim/adam.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Readback } from '../gpu/readback';
import { type Snapshot, storedArray } from '../gpu/snapshot';

/** Parameters that share a learning rate. */
export interface ParameterGroup {
  readonly name: string;
  /** f32. */
  readonly values: GPUBuffer;
  /** u32 [words / 2]: two values each, as f16. What an update moves is written here, too. */
  readonly halves?: GPUBuffer;
  /** f32, or i32 where there are `quanta`. Cleared by each update. */
  readonly gradient: GPUBuffer;
  /** f32 [segments]: a fixed-point gradient is i32 times its segment's quantum. */
  readonly quanta?: GPUBuffer;
  /** Up to 16 stretches of the buffers, in 32-bit words, multiples of four. */
  readonly segments: readonly { readonly first: number; readonly words: number }[];
}

export interface AdamOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

/** As instant-ngp trains hash grids (Müller et al. 2022, section 4). */
const defaultAdamOptions: AdamOptions = { beta1: 0.9, beta2: 0.99, epsilon: 1e-15 };

/** What the last update saw. */
export interface AdamStats {
  /** Euclidean norm of the gradient of each group. */
  readonly norms: Readonly<Record<string, number>>;
  /** Gradient words that were NaN or infinite; any makes the update leave everything as it is. */
  readonly nonFinite: number;
  /** Fixed-point sums outside their range: a bound that did not hold. */
  readonly saturations: number;
}

/** f32 moments by name: `<group>.first_moment`, `<group>.second_moment`. */
export type AdamSnapshot = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

/** Workgroups that share a segment. */
const groupsPerSegment = 32;

/** Words of shaders/optim/adam.wgsl's Stats before its norms. */
const counts = 2;

/** Adam (Kingma and Ba 2015) over groups of parameters; owns their moments. */
export class Adam {
  /** { non_finite u32, saturations u32, norms f32 [groups] } of the last update. */
  readonly stats: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #options: AdamOptions;
  readonly #groups: readonly BoundGroup[];

  /** @throws RangeError when a group has more than 16 segments or one not in blocks of four words. */
  constructor(gpu: Gpu, groups: readonly ParameterGroup[], options: Partial<AdamOptions> = {}) {
    this.#gpu = gpu;
    this.#options = { ...defaultAdamOptions, ...options };
    this.#arena = new Arena(gpu, 'optim.adam');
    this.stats = this.#arena.allocate('stats', counts + groups.length);
    this.#groups = groups.map(
      (group, index) => new BoundGroup(gpu, this.#arena, group, index, this.stats),
    );
  }

  /** GPU memory of the moments and the statistics. */
  get bytes(): number {
    return this.#arena.bytes;
  }

  /**
   * Sets the next submit's update.
   * @param step counts updates from 1, for the bias correction.
   * @param rates learning rate of each group by name.
   */
  begin(step: number, rates: Readonly<Record<string, number>>): void {
    for (const group of this.#groups) {
      const rate = rates[group.name];
      if (rate === undefined) throw new Error(`Adam has no learning rate for '${group.name}'.`);
      group.begin(step, rate, this.#options);
    }
  }

  /** Records one update: statistics of all groups, then parameters, moments, cleared gradients. */
  update(pass: GPUComputePassEncoder): void {
    for (const group of this.#groups) group.measure(pass);
    for (const group of this.#groups) group.update(pass);
  }

  async readStats(readback: Readback): Promise<AdamStats> {
    const words = await readback.words(this.stats, counts + this.#groups.length);
    const norms = new Float32Array(words.buffer, 4 * counts);
    return {
      nonFinite: words[0]!,
      saturations: words[1]!,
      norms: Object.fromEntries(this.#groups.map(({ name }, i) => [name, norms[i]!])),
    };
  }

  /** Copies of the moments. */
  async snapshot(readback: Readback): Promise<AdamSnapshot> {
    const moments: Record<string, Float32Array<ArrayBuffer>> = {};
    for (const { name, buffer, words } of this.#moments()) {
      moments[name] = new Float32Array(await readback.read(buffer, 0, 4 * words));
    }
    return moments;
  }

  /** @throws LimbeckError naming an array that is missing, of another type or size; then nothing is set. */
  restore(snapshot: Snapshot): void {
    const found = this.#moments().map(({ name, buffer, words }) => ({
      buffer,
      values: storedArray(snapshot, name, 'F32', words, 'Adam'),
    }));
    for (const { buffer, values } of found) {
      this.#gpu.device.queue.writeBuffer(buffer, 0, values);
    }
  }

  dispose(): void {
    this.#arena.dispose();
    for (const group of this.#groups) group.dispose();
  }

  #moments() {
    return this.#groups.flatMap(({ name, words, firstMoment, secondMoment }) => [
      { name: `${name}.first_moment`, buffer: firstMoment, words },
      { name: `${name}.second_moment`, buffer: secondMoment, words },
    ]);
  }
}

class BoundGroup {
  readonly name: string;
  readonly words: number;
  readonly firstMoment: GPUBuffer;
  readonly secondMoment: GPUBuffer;
  readonly #segments: number;
  readonly #uniforms: readonly Uniforms[];
  readonly #measure: Dispatch;
  readonly #finish: Dispatch;
  readonly #update: Dispatch;

  constructor(gpu: Gpu, arena: Arena, group: ParameterGroup, index: number, stats: GPUBuffer) {
    const { name, segments } = group;
    check(group);
    this.name = name;
    this.words = Math.max(...segments.map(({ first, words }) => first + words));
    this.firstMoment = arena.allocate(`${name}.first_moment`, this.words);
    this.secondMoment = arena.allocate(`${name}.second_moment`, this.words);
    this.#segments = segments.length;
    const partials = groupsPerSegment * segments.length;
    const shader = new Shader(gpu, `optim.adam.${name}`, code, {
      fixed_point: group.quanta ? 1 : 0,
      copied: group.halves ? 1 : 0,
      group: index,
      partials,
      stride: groupsPerSegment,
    });
    const settings = shader.uniforms('settings');
    const stretches = shader.uniforms('segments');
    const segment = segments.map(({ first, words }) => ({ first: first / 4, blocks: words / 4 }));
    stretches.write({ segment });
    this.#uniforms = [settings, stretches];
    const resources = {
      settings: settings.buffer,
      segments: stretches.buffer,
      parameters: group.values,
      halves: group.halves ?? arena.allocate(`${name}.halves`, 1),
      gradient: group.gradient,
      quanta: group.quanta ?? arena.upload(`${name}.quanta`, new Float32Array([1])),
      first_moment: this.firstMoment,
      second_moment: this.secondMoment,
      partial_sums: arena.allocate(`${name}.partial_sums`, 3 * partials),
      stats,
    };
    this.#measure = shader.bind('measure', resources);
    this.#finish = shader.bind('finish', resources);
    this.#update = shader.bind('update', resources);
  }

  begin(step: number, rate: number, { beta1, beta2, epsilon }: AdamOptions): void {
    this.#uniforms[0]!.write({
      rate: rate / (1 - beta1 ** step),
      beta1,
      beta2,
      correction: 1 / (1 - beta2 ** step),
      epsilon,
    });
  }

  measure(pass: GPUComputePassEncoder): void {
    this.#measure.record(pass, groupsPerSegment, this.#segments);
    this.#finish.record(pass, 1);
  }

  update(pass: GPUComputePassEncoder): void {
    this.#update.record(pass, groupsPerSegment, this.#segments);
  }

  dispose(): void {
    for (const uniforms of this.#uniforms) uniforms.dispose();
  }
}

function check({ name, segments }: ParameterGroup): void {
  const aligned = segments.every(({ first, words }) => first % 4 === 0 && words % 4 === 0);
  if (aligned && segments.length >= 1 && segments.length <= 16) return;
  throw new RangeError(`Adam takes '${name}' in 1 to 16 segments of whole blocks of four words.`);
}
