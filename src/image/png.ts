import type { Image } from './image';

/** Writes an image as a PNG file; see `encodePng` here for pages and in png_node.ts for Node. */
export type PngEncoder = (image: Image) => Promise<Uint8Array>;

/** A PNG by the canvas of a page or Worker. */
export const encodePng: PngEncoder = async ({ data, width, height }) => {
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext('2d');
  if (!context) throw new Error('A 2D canvas is needed to write a PNG, and this page has none.');
  context.putImageData(new ImageData(data, width, height), 0, 0);
  const blob = await canvas.convertToBlob({ type: 'image/png' });
  return new Uint8Array(await blob.arrayBuffer());
};
