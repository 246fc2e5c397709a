import type { Gpu } from '../../gpu/device';
import type { Submission } from '../../gpu/submission';
import type { NetworkSession } from '../../runtime/network_session';
import type { Runtime } from '../../runtime/runtime';
import type { SharedValue } from '../../runtime/values';
import type { Prior } from '../files';
import { type Manifest, seenOf } from '../manifest';
import { buildEncoder } from './encoder_graphs';
import { RgbSpace } from './rgb';
import type { Space, SpaceDraw, SpaceViews } from './space';

/** An encoder E as two networks, which the runs of a prior take turns with: x ↦ E(x), and (x, g) ↦ (∂E/∂x)ᵀ g. */
export class Encoder {
  readonly forward: NetworkSession;
  readonly pullback: NetworkSession;

  private constructor(forward: NetworkSession, pullback: NetworkSession) {
    this.forward = forward;
    this.pullback = pullback;
  }

  /** @throws LimbeckError when the encoder cannot be differentiated, or onnxruntime cannot load it. */
  static async load(runtime: Runtime, { manifest, latent }: Prior): Promise<Encoder> {
    if (!latent) throw new Error(`${manifest.name} has no encoder.`);
    const { forward, pullback } = buildEncoder(latent.encoder, manifest);
    const first = await runtime.load('The encoder', forward.bytes, forward.signature);
    const name = "The encoder's gradient";
    const second = await runtime
      .load(name, pullback.bytes, pullback.signature)
      .catch(async (error: unknown) => {
        await first.dispose();
        throw error;
      });
    return new Encoder(first, second);
  }

  async dispose(): Promise<void> {
    await this.forward.dispose();
    await this.pullback.dispose();
  }
}

/**
 * A model of latents sees what an encoder makes of the views over a background; the gradient comes back through the
 * encoder's vector-Jacobian product (Poole et al. 2022, "DreamFusion", in latents: Metzer et al. 2023, "Latent-NeRF",
 * section 3).
 */
export class LatentSpace implements Space {
  readonly #encoder: Encoder;
  readonly #rgb: RgbSpace;
  readonly #picture: SharedValue;
  readonly #pictureGradient: SharedValue;
  readonly #latent: SharedValue;
  readonly #latentGradient: SharedValue;

  /** @param encoder is not the space's to dispose of. */
  constructor(gpu: Gpu, runtime: Runtime, encoder: Encoder, manifest: Manifest, views: SpaceViews) {
    const { channels, side } = seenOf(manifest);
    const shared = (name: string, count: number, size: number) =>
      runtime.shared(`space.${name}`, [manifest.views, count, size, size]);
    this.#encoder = encoder;
    this.#picture = shared('picture', 3, manifest.resolution);
    this.#pictureGradient = shared('picture_gradient', 3, manifest.resolution);
    this.#latent = shared('latent', channels, side);
    this.#latentGradient = shared('latent_gradient', channels, side);
    this.#rgb = new RgbSpace(gpu, manifest, views, {
      input: this.#picture.buffer,
      inputGradient: this.#pictureGradient.buffer,
    });
  }

  get input(): GPUBuffer {
    return this.#latent.buffer;
  }

  get inputGradient(): GPUBuffer {
    return this.#latentGradient.buffer;
  }

  async forward(work: Submission, draw: SpaceDraw): Promise<void> {
    await this.#rgb.forward(work, draw);
    work.submit();
    await this.#encoder.forward.run({ picture: this.#picture }, { latent: this.#latent });
  }

  async backward(work: Submission): Promise<void> {
    work.submit();
    await this.#encoder.pullback.run(
      { picture: this.#picture, latent_gradient: this.#latentGradient },
      { 'gradient/picture': this.#pictureGradient },
    );
    await this.#rgb.backward(work);
  }

  dispose(): void {
    const values = [this.#picture, this.#pictureGradient, this.#latent, this.#latentGradient];
    for (const held of [this.#rgb, ...values]) held.dispose();
  }
}
