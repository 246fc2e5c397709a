import code from '../../shaders/view/preview.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Dispatch, Shader } from '../gpu/kernel';
import type { CanvasSize } from '../protocol/messages';

/** Copies from a buffer to a texture start rows at multiples of this many bytes. */
const rowAlignment = 256;

/** A view as a texture. */
export class Preview {
  /** rgba8unorm [height, width], RGB premultiplied by alpha; row 0 at the top of the view. */
  readonly texture: GPUTexture;
  readonly size: CanvasSize;
  /** u32 [height, rowBytes / 4]: RGBA bytes. */
  readonly texels: GPUBuffer;
  readonly rowBytes: number;
  readonly #arena: Arena;
  readonly #forward: Dispatch;

  /** @param views f32 [1, 4, height, width], RGB premultiplied by alpha, then alpha. */
  constructor(gpu: Gpu, views: GPUBuffer, size: CanvasSize) {
    const { width, height } = size;
    this.size = size;
    this.rowBytes = Math.ceil((4 * width) / rowAlignment) * rowAlignment;
    this.#arena = new Arena(gpu, 'view.preview');
    this.texels = this.#arena.allocate('texels', (height * this.rowBytes) / 4);
    this.texture = gpu.device.createTexture({
      label: 'view.preview',
      size: [width, height],
      format: 'rgba8unorm',
      usage: GPUTextureUsage.TEXTURE_BINDING | GPUTextureUsage.COPY_DST,
    });
    const constants = { width, height, row_words: this.rowBytes / 4 };
    const shader = new Shader(gpu, 'view.preview', code, constants);
    this.#forward = shader.bind('forward', { views, texels: this.texels });
  }

  /** Records the view's bytes. */
  forward(pass: GPUComputePassEncoder): void {
    this.#forward.record(pass, Math.ceil((this.size.width * this.size.height) / 64));
  }

  /** Records their copy into the texture, after the pass of `forward`. */
  copy(encoder: GPUCommandEncoder): void {
    encoder.copyBufferToTexture(
      { buffer: this.texels, bytesPerRow: this.rowBytes },
      { texture: this.texture },
      [this.size.width, this.size.height],
    );
  }

  dispose(): void {
    this.texture.destroy();
    this.#arena.dispose();
  }
}
