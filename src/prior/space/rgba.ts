import type { Space, SpaceViews } from './space';

/** A model that sees premultiplied RGBA sees the views themselves. */
export class RgbaSpace implements Space {
  readonly input: GPUBuffer;
  readonly inputGradient: GPUBuffer;

  constructor({ views, viewGradients }: SpaceViews) {
    this.input = views;
    this.inputGradient = viewGradients;
  }

  async forward(): Promise<void> {}

  async backward(): Promise<void> {}

  dispose(): void {}
}
