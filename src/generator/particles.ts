import code from '../../shaders/generator/copy.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader } from '../gpu/kernel';
import { prefixed, type Snapshot, unprefixed } from '../gpu/snapshot';
import type { Work } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import { viewsToImage } from '../image/strip';
import type { AdamStats } from '../optim/adam';
import type {
  Generator,
  GeneratorDraw,
  OutputFile,
  OutputNames,
  Picture,
  PictureOptions,
  StillView,
} from './generator';

/** A particle and the copies between its buffers and those that all share. */
interface Member<G> {
  readonly generator: G;
  readonly copies: readonly Dispatch[];
  readonly gradient: Dispatch;
}

/**
 * Particles of one distribution (Wang et al. 2023, ProlificDreamer, section 3.2): generators that take turns, a step
 * each, in front of one objective and one fake score. A particle sees a step's cameras when it is its turn.
 */
export class Particles<G extends Generator> implements Generator {
  readonly views: GPUBuffer;
  readonly viewGradients: GPUBuffer;
  readonly depth?: GPUBuffer;
  readonly #members: readonly Member<G>[];
  readonly #arena: Arena;
  readonly #groups: number;
  #turn = 0;

  /** @param words of the views of each, V·4·H·W. */
  constructor(gpu: Gpu, generators: readonly G[], words: number) {
    this.#arena = new Arena(gpu, 'generator.particles');
    this.#groups = Math.ceil(words / 64);
    const copy = (source: GPUBuffer, copied: GPUBuffer, count = words) =>
      new Shader(gpu, 'generator.copy', code, { words: count }).bind('forward', { source, copied });
    const allocate = (name: string, count: number) => this.#arena.allocate(name, count);
    const [views, gradients] = [allocate('views', words), allocate('view_gradients', words)];
    const isDeep = generators.every(({ depth }) => depth);
    const depth = isDeep ? allocate('depth', words / 4) : undefined;
    this.views = views;
    this.viewGradients = gradients;
    if (depth) this.depth = depth;
    this.#members = generators.map((generator) => ({
      generator,
      copies: [
        copy(generator.views, views),
        ...(depth && generator.depth ? [copy(generator.depth, depth, words / 4)] : []),
      ],
      gradient: copy(gradients, generator.viewGradients),
    }));
  }

  get all(): readonly G[] {
    return this.#members.map(({ generator }) => generator);
  }

  /** The particle to show where there is room for one. */
  get first(): G {
    return this.#members[0]!.generator;
  }

  forward(work: Work, draw: GeneratorDraw): void {
    this.#turn = draw.step % this.#members.length;
    const { generator, copies } = this.#taking;
    generator.forward(work, this.#own(draw));
    for (const copy of copies) copy.record(work.pass, this.#groups);
  }

  backward(work: Work): void {
    const { generator, gradient } = this.#taking;
    gradient.record(work.pass, this.#groups);
    generator.backward(work);
  }

  step(work: Work, draw: GeneratorDraw): void {
    this.#taking.generator.step(work, this.#own(draw));
  }

  stats(): Promise<AdamStats> {
    return this.#taking.generator.stats();
  }

  async finish(): Promise<void> {
    for (const { generator } of this.#members) await generator.finish();
  }

  /** Of the first, as `picture` is. */
  still(view: StillView): Promise<Float32Array> {
    return this.first.still(view);
  }

  picture(options?: PictureOptions): Promise<Picture> {
    return this.first.picture(options);
  }

  /** Those of each particle under its number; an object has its views beside it. */
  async files(encodePng: PngEncoder, { file, prompt }: OutputNames): Promise<OutputFile[]> {
    const files: OutputFile[] = [];
    for (const [i, { generator }] of this.#members.entries()) {
      const name = `${file ?? 'particle'}-${i + 1}`;
      files.push(...(await generator.files(encodePng, { file: name, prompt })));
      if (!generator.depth) continue;
      const { views, ...strip } = await generator.picture();
      const bytes = new Uint8Array(await encodePng(viewsToImage(views, strip)));
      files.push({ name: `${name}-views.png`, bytes });
    }
    return files;
  }

  async snapshot(): Promise<Snapshot> {
    const all: Record<string, Snapshot[string]> = {};
    for (const [i, { generator }] of this.#members.entries()) {
      Object.assign(all, prefixed(`particle${i}`, await generator.snapshot()));
    }
    return all;
  }

  restore(snapshot: Snapshot): void {
    for (const [i, { generator }] of this.#members.entries()) {
      generator.restore(unprefixed(`particle${i}`, snapshot));
    }
  }

  dispose(): void {
    for (const { generator } of this.#members) generator.dispose();
    this.#arena.dispose();
  }

  get #taking(): Member<G> {
    return this.#members[this.#turn]!;
  }

  /** A particle counts its own steps. */
  #own(draw: GeneratorDraw): GeneratorDraw {
    return { ...draw, step: Math.floor(draw.step / this.#members.length) };
  }
}
