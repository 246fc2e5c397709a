import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { type Snapshot, storedArray } from '../gpu/snapshot';
import type { Manifest } from '../prior/manifest';
import { streams, uniform } from '../random';
import { type Camera, cameraMatrices } from '../render/camera';

/** A view that is kept: where it lies in the ring, and where it is seen from. */
export interface KeptView {
  readonly slot: number;
  readonly camera: Camera;
}

/** The views that were drawn last, as what a field is fitted to: a ring of groups, the oldest making way. */
export class DrawnViews {
  /** u32 [groups, V, side, side]: RGBA8, premultiplied. */
  readonly samples: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #arena: Arena;
  readonly #groups: number;
  readonly #views: number;
  readonly #fovy: number;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #matrices: Float32Array<ArrayBuffer>;
  /** Groups kept so far, those that made way included. */
  #count = 0;

  constructor(gpu: Gpu, { views, resolution, camera }: Manifest, groups: number) {
    this.#gpu = gpu;
    this.#groups = groups;
    this.#views = views;
    this.#fovy = camera.fovy;
    this.#arena = new Arena(gpu, 'train.drawn_views');
    const words = groups * views * resolution ** 2;
    this.samples = this.#arena.allocate('samples', words);
    this.#bytes = new Uint8Array(4 * words);
    this.#matrices = new Float32Array(16 * groups * views);
  }

  /** @param clean f32 [V, 4, side, side] in [-1, 1], one view of each camera. */
  keep(cameras: readonly Camera[], clean: Float32Array): void {
    const slot = this.#count % this.#groups;
    const bytes = this.#bytes.length / this.#groups;
    const plane = bytes / 4 / this.#views;
    for (let i = 0; i < bytes; i++) {
      const [pixel, channel] = [Math.floor(i / 4), i % 4];
      const view = Math.floor(pixel / plane);
      const value = clean[(4 * view + channel) * plane + (pixel % plane)]!;
      this.#bytes[slot * bytes + i] = Math.round((255 * (value + 1)) / 2);
    }
    this.#matrices.set(cameraMatrices(cameras), slot * 16 * this.#views);
    this.#count += 1;
    this.#upload();
  }

  /**
   * Views to fit to: as many of the newest group as `newest` says, in order, the others of any group by chance.
   * @param counter what the chance depends on.
   */
  chosen(
    count: number,
    newest: number,
    [seed, step]: readonly [seed: number, step: number],
  ): KeptView[] {
    const held = Math.min(this.#count, this.#groups);
    const chance = (index: number, of: number) =>
      Math.floor(of * uniform(seed, streams.knownView, step, index));
    return Array.from({ length: count }, (_, i) =>
      i < newest
        ? this.#view(0, i % this.#views)
        : this.#view(chance(2 * i, held), chance(2 * i + 1, this.#views)),
    );
  }

  snapshot(): Snapshot {
    const [samples, cameras] = [this.#bytes.slice(), this.#matrices.slice()];
    return { samples, cameras, count: Uint32Array.of(this.#count) };
  }

  restore(snapshot: Snapshot): void {
    const owner = 'The views drawn last';
    const samples = storedArray(snapshot, 'samples', 'U8', this.#bytes.length, owner);
    const cameras = storedArray(snapshot, 'cameras', 'F32', this.#matrices.length, owner);
    const [count = 0] = storedArray(snapshot, 'count', 'U32', 1, owner);
    this.#bytes.set(samples);
    this.#matrices.set(cameras);
    this.#count = count;
    this.#upload();
  }

  dispose(): void {
    this.#arena.dispose();
  }

  /** A view of a group, counted back from the newest, 0. */
  #view(age: number, view: number): KeptView {
    const slot = ((this.#count - 1 - age) % this.#groups) * this.#views + view;
    const c2w = this.#matrices.slice(16 * slot, 16 * slot + 16);
    return { slot, camera: { c2w, fovy: this.#fovy } };
  }

  #upload(): void {
    this.#gpu.device.queue.writeBuffer(this.samples, 0, this.#bytes);
  }
}
