import code from '../../shaders/fit/residual.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import { streams } from '../random';

/** Most views of a step: the size of the frame's uniform. */
const maxStepViews = 128;

export interface ResidualShape {
  /** Views of a step, each of width x height rays. */
  readonly views: number;
  readonly width: number;
  readonly height: number;
  /** Samples along the side of a known view. */
  readonly knownSide: number;
  /**
   * Width c of a robust error √(d² + c²) − c, which what is known alone of one view cannot pull far (Charbonnier et
   * al. 1994). Default 0: squares.
   */
  readonly charbonnier?: number;
}

/** The mean error of rendered rays against known views, squared or robust, and its gradient. */
export class Residual {
  /** f32: the mean over rays and channels. */
  readonly meanError: GPUBuffer;
  readonly #arena: Arena;
  readonly #frame: Uniforms;
  readonly #residual: Dispatch;
  readonly #measure: Dispatch;
  readonly #rays: number;

  constructor(
    gpu: Gpu,
    { views, width, height, knownSide, charbonnier = 0 }: ResidualShape,
    buffers: {
      readonly known: GPUBuffer;
      readonly views: GPUBuffer;
      readonly viewGradients: GPUBuffer;
    },
  ) {
    this.#rays = views * width * height;
    this.#arena = new Arena(gpu, 'fit.residual');
    this.meanError = this.#arena.allocate('mean_error', 1);
    const shader = new Shader(gpu, 'fit.residual', code, {
      rays: this.#rays,
      width,
      height,
      known_side: knownSide,
      stream: streams.march,
      charbonnier,
    });
    this.#frame = shader.uniforms('frame');
    const resources = {
      frame: this.#frame.buffer,
      known_views: buffers.known,
      views: buffers.views,
      view_gradients: buffers.viewGradients,
      errors: this.#arena.allocate('errors', this.#rays),
      mean_error: this.meanError,
    };
    this.#residual = shader.bind('residual', resources);
    this.#measure = shader.bind('measure', resources);
  }

  /**
   * Queues the upload of what the next rendering is compared with.
   * @param known the known view of each rendered one.
   * @param seed and step: those of the rendering, so that its rays' places are known.
   */
  begin(known: readonly number[], seed: number, step: number): void {
    const padded = [...known, ...Array<number>(maxStepViews - known.length).fill(0)];
    this.#frame.write({ known: padded, seed, step });
  }

  /** Records views -> dL/dviews and the mean error. */
  record(pass: GPUComputePassEncoder): void {
    this.#residual.record(pass, Math.ceil(this.#rays / 64));
    this.#measure.record(pass, 1);
  }

  dispose(): void {
    this.#frame.dispose();
    this.#arena.dispose();
  }
}
