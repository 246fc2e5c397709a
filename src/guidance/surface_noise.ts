import code from '../../shaders/guidance/surface_noise.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader, type Uniforms } from '../gpu/kernel';
import type { Submission } from '../gpu/submission';
import { streams } from '../random';
import { cameraUniforms } from '../render/camera';
import type { GuidanceShape } from './noise';
import type { NoiseSource, QueryDraw } from './queries';

/** Texels of the noise along the equator and from pole to pole, for each pixel along a view's side. */
const sheet = { around: 12, high: 4 } as const;

/** Gaussian noise that lies on the object and turns with it (CFD, Yan et al. 2025). */
export class SurfaceNoise implements NoiseSource {
  readonly epsilon: GPUBuffer;
  readonly calls = 0;
  readonly #arena: Arena;
  readonly #uniforms: Uniforms;
  readonly #forward: Dispatch;
  readonly #pixels: number;

  /** @param depth f32 [V, H, W]: distance of what each pixel shows from its camera, 0 where that is nothing. */
  constructor(gpu: Gpu, { elements, pixels, views }: GuidanceShape, depth: GPUBuffer) {
    const side = Math.sqrt(pixels / views);
    const shader = new Shader(gpu, 'guidance.surface_noise', code, {
      pixels,
      side,
      channels: elements / pixels,
      around: sheet.around * side,
      high: sheet.high * side,
    });
    this.#pixels = pixels;
    this.#arena = new Arena(gpu, 'guidance.surface_noise');
    this.epsilon = this.#arena.allocate('epsilon', elements);
    this.#uniforms = shader.uniforms('surface');
    this.#forward = shader.bind('forward', {
      surface: this.#uniforms.buffer,
      depth,
      epsilon: this.epsilon,
    });
  }

  async draw(work: Submission, { seed, noiseStep, cameras, now }: QueryDraw): Promise<void> {
    const sheets = noiseStep / (now.guidance.surfaceRenewal * now.steps);
    this.#uniforms.write({
      cameras: cameraUniforms(cameras),
      seed,
      noise_stream: streams.surfaceNoise,
      first: Math.floor(sheets),
      share: sheets - Math.floor(sheets),
    });
    this.#forward.record(work.pass, Math.ceil(this.#pixels / 64));
  }

  dispose(): void {
    this.#uniforms.dispose();
    this.#arena.dispose();
  }
}
