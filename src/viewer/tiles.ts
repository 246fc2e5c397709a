import code from '../../shaders/view/tiles.wgsl';
import { Arena } from '../gpu/arena';
import type { Gpu } from '../gpu/device';
import { Shader } from '../gpu/kernel';
import type { PictureSource } from './viewport';

/** Square pictures on the GPU. */
export interface SquareViews {
  /** f32 [count, 4, size, size], premultiplied RGBA. */
  readonly views: GPUBuffer;
  readonly count: number;
  readonly size: number;
}

/** All pictures at once, side by side in rows, as large as the pane has room for; their pixels stay squares. */
export function tilesSource(gpu: Gpu, { views, count, size }: SquareViews): PictureSource {
  return ({ width, height }) => {
    const columns = Math.ceil(Math.sqrt(count));
    const rows = Math.ceil(count / columns);
    const arena = new Arena(gpu, 'view.tiles');
    const tiled = arena.allocate('tiled', 4 * width * height);
    const side = Math.max(1, Math.floor(Math.min(width / columns, height / rows)));
    const constants = { width, height, count, size, columns, rows, side };
    const tiles = new Shader(gpu, 'view.tiles', code, constants).bind('forward', { views, tiled });
    return {
      inWorld: false,
      views: tiled,
      begin: () => {},
      record: ({ pass }) => tiles.record(pass, Math.ceil((width * height) / 64)),
      dispose: () => arena.dispose(),
    };
  };
}
