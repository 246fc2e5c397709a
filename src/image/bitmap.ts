import type { PlatformDecoder } from './platform';

/** Whether this is a page or a Worker that decodes pictures. */
export const hasBitmaps = (): boolean =>
  typeof createImageBitmap === 'function' && typeof OffscreenCanvas === 'function';

const types = { WebP: 'image/webp', AVIF: 'image/avif', GIF: 'image/gif', BMP: 'image/bmp' };

/** A picture by the decoders of a page or a Worker. */
export const decodeBitmap: PlatformDecoder = async (bytes, format) => {
  const bitmap = await createImageBitmap(new Blob([bytes], { type: types[format] }), {
    premultiplyAlpha: 'none',
    colorSpaceConversion: 'none',
  }).catch(() => {
    throw new Error(`it is a damaged ${format} picture, or one that this browser cannot read`);
  });
  const { width, height } = bitmap;
  const context = new OffscreenCanvas(width, height).getContext('2d', { willReadFrequently: true });
  if (!context) throw new Error('there is no memory for its pixels');
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  return { data: data as Uint8ClampedArray<ArrayBuffer>, width, height };
};
