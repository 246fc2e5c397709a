import { PNG } from 'pngjs';
import type { PngEncoder } from './png';

/** A PNG by pngjs, in Node. */
export const encodePng: PngEncoder = async ({ data, width, height }) => {
  const png = new PNG({ width, height });
  png.data = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  return PNG.sync.write(png);
};
