import type { Gpu } from '../../gpu/device';
import type { Runtime } from '../../runtime/runtime';
import type { Prior } from '../files';
import type { Manifest } from '../manifest';
import { Encoder, LatentSpace } from './latent';
import { RgbSpace } from './rgb';
import { RgbaSpace } from './rgba';
import type { Space, SpaceViews } from './space';

/** The space of a prior that sees pixels: its manifest's channels and background. */
export function pixelSpace(gpu: Gpu, manifest: Manifest, views: SpaceViews): Space {
  return manifest.channels === 4 ? new RgbaSpace(views) : new RgbSpace(gpu, manifest, views);
}

/** The spaces of a prior's runs: one each, which share the networks that they need. */
export class Spaces {
  readonly #runtime: Runtime;
  readonly #prior: Prior;
  #encoder: Promise<Encoder> | undefined;

  constructor(runtime: Runtime, prior: Prior) {
    this.#runtime = runtime;
    this.#prior = prior;
  }

  /**
   * Loads what a space needs, once; it is then made at once.
   * @throws LimbeckError when an encoder cannot be used.
   */
  async maker(): Promise<(views: SpaceViews) => Space> {
    const [runtime, { manifest, latent }] = [this.#runtime, this.#prior];
    if (!latent) return (views) => pixelSpace(runtime.gpu, manifest, views);
    this.#encoder ??= Encoder.load(runtime, this.#prior);
    const encoder = await this.#encoder;
    return (views) => new LatentSpace(runtime.gpu, runtime, encoder, manifest, views);
  }

  async dispose(): Promise<void> {
    await (await this.#encoder)?.dispose();
  }
}
