import code from '../../shaders/generator/pixels.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader } from '../gpu/kernel';
import { Readback } from '../gpu/readback';
import { prefixed, type Snapshot, storedArray, unprefixed } from '../gpu/snapshot';
import { Submission, type Work } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import { viewsToImage } from '../image/strip';
import { Adam, type AdamStats } from '../optim/adam';
import { normal, streams } from '../random';
import type { Generator, GeneratorDraw, OutputFile, OutputNames, Picture } from './generator';

export interface PixelShape {
  /** V. */
  readonly views: number;
  /** H = W, in pixels. */
  readonly resolution: number;
  readonly seed: number;
}

/** Deviation of the parameters at first: enough that no two pixels start alike, too little to be seen. */
const initialDeviation = 0.1;

/**
 * Free pictures, no object behind them: each pixel's colour and opacity are sigmoids of parameters of its own.
 * Score distillation of these is the two-dimensional experiment of ProlificDreamer (Wang et al. 2023, section 5).
 */
export class PixelGenerator implements Generator {
  /** V. */
  readonly count: number;
  /** Side of a picture in pixels. */
  readonly size: number;
  readonly views: GPUBuffer;
  readonly viewGradients: GPUBuffer;
  readonly optimiser: Adam;
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #readback: Readback;
  readonly #parameters: GPUBuffer;
  readonly #words: number;
  readonly #pixels: number;
  readonly #forward: Dispatch;
  readonly #backward: Dispatch;

  /** @throws LimbeckError when the pictures exceed what the adapter can bind. */
  constructor(gpu: Gpu, shape: PixelShape) {
    const { resolution, seed } = shape;
    this.#gpu = gpu;
    this.count = shape.views;
    this.size = resolution;
    this.#pixels = shape.views * resolution ** 2;
    this.#words = 4 * this.#pixels;
    this.#arena = new Arena(gpu, 'generator.pixels');
    this.#readback = new Readback(gpu);
    const initial = Float32Array.from(
      { length: this.#words },
      (_, i) => initialDeviation * normal(seed, streams.pixelInit, 0, i),
    );
    this.#parameters = this.#arena.upload('parameters', initial);
    this.views = this.#arena.allocate('views', this.#words);
    this.viewGradients = this.#arena.allocate('view_gradients', this.#words);
    const gradient = this.#arena.allocate('gradient', this.#words);
    const shader = new Shader(gpu, 'generator.pixels', code, {
      pixels: this.#pixels,
      plane: resolution ** 2,
    });
    const parameters = this.#parameters;
    this.#forward = shader.bind('forward', { parameters, views: this.views });
    this.#backward = shader.bind('backward', {
      parameters,
      view_gradients: this.viewGradients,
      gradient,
    });
    // Adam moves blocks of four words; the buffers are whole blocks.
    const words = Math.ceil(this.#words / 4) * 4;
    this.optimiser = new Adam(gpu, [
      { name: 'pixels', values: parameters, gradient, segments: [{ first: 0, words }] },
    ]);
  }

  forward(work: Work): void {
    this.#forward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  backward(work: Work): void {
    this.#backward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  step(work: Work, { step, now }: GeneratorDraw): void {
    this.optimiser.begin(step + 1, { pixels: now.optim.pixelLearningRate });
    this.optimiser.update(work.pass);
  }

  stats(): Promise<AdamStats> {
    return this.optimiser.readStats(this.#readback);
  }

  async finish(): Promise<void> {}

  /** The pictures, whatever the cameras: they have no other views and no other size. */
  async still(): Promise<Float32Array> {
    return (await this.picture()).views;
  }

  /** The pictures as the parameters make them now. */
  async picture(): Promise<Picture> {
    const work = new Submission(this.#gpu, 'generator.pixels');
    this.forward(work);
    work.submit();
    const views = await this.#readback.floats(this.views, this.#words);
    return { views, count: this.count, size: this.size };
  }

  /** One PNG of the pictures side by side. */
  async files(encodePng: PngEncoder, { file = 'views' }: OutputNames): Promise<OutputFile[]> {
    const { views, ...strip } = await this.picture();
    const bytes = new Uint8Array(await encodePng(viewsToImage(views, strip)));
    return [{ name: `${file}.png`, bytes }];
  }

  async snapshot(): Promise<Snapshot> {
    return {
      'pixels.parameters': new Float32Array(
        await this.#readback.read(this.#parameters, 0, 4 * this.#words),
      ),
      ...prefixed('adam', await this.optimiser.snapshot(this.#readback)),
    };
  }

  restore(snapshot: Snapshot): void {
    const parameters = storedArray(
      unprefixed('pixels', snapshot),
      'parameters',
      'F32',
      this.#words,
      'The free pictures',
    );
    this.optimiser.restore(unprefixed('adam', snapshot));
    this.#gpu.device.queue.writeBuffer(this.#parameters, 0, parameters);
  }

  dispose(): void {
    this.optimiser.dispose();
    this.#arena.dispose();
    this.#readback.dispose();
  }
}
