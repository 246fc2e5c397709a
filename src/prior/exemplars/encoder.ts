import type { NetworkSession } from '../../runtime/network_session';
import type { Runtime } from '../../runtime/runtime';
import type { Prior } from '../files';
import type { ExemplarManifest, Manifest } from '../manifest';

/** Turns the views of an exemplar into what a denoiser attends to: one run of a small network for each exemplar. */
export class ExemplarEncoder {
  readonly #session: NetworkSession;
  readonly #dims: readonly number[];
  readonly #kind: bigint;

  private constructor(session: NetworkSession, dims: readonly number[], kind: bigint) {
    this.#session = session;
    this.#dims = dims;
    this.#kind = kind;
  }

  /** @throws LimbeckError when the encoder does not fit its manifest. */
  static async load(
    runtime: Runtime,
    { manifest, exemplarEncoder }: Prior & { readonly exemplarEncoder: Uint8Array<ArrayBuffer> },
    { tokens, width, kinds }: ExemplarManifest,
  ): Promise<ExemplarEncoder> {
    const { views, channels, resolution, files }: Manifest = manifest;
    const dims = [1, views, channels, resolution, resolution];
    const signature = {
      inputs: { views: dims, kind: [1] },
      outputs: { exemplar: [1, tokens, width] },
    };
    const path = files.exemplar_encoder?.path ?? 'exemplar_encoder.onnx';
    const session = await runtime.loadForHost(path, exemplarEncoder, signature, { N: 1 });
    return new ExemplarEncoder(session, dims, BigInt(kinds.indexOf('itself')));
  }

  /**
   * Encodes an exemplar, of which the network is told that it is the object itself.
   * @param views f32 [V, 4, H, W] in [0, 1], premultiplied.
   * @returns f32 [K, D].
   */
  async encode(views: Float32Array): Promise<Float32Array> {
    const output = await this.#session.evaluate({
      views: { data: views.map((value) => 2 * value - 1), dims: this.#dims },
      kind: { data: BigInt64Array.of(this.#kind), dims: [1] },
    });
    return output('exemplar');
  }

  dispose(): Promise<void> {
    return this.#session.dispose();
  }
}
