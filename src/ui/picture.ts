import type { FoundExemplar } from '../protocol/messages';

/** The first of square views that stand side by side, as an element. */
export function pictureOf({ data, width, height }: FoundExemplar['image']): HTMLCanvasElement {
  const canvas = Object.assign(document.createElement('canvas'), { width: height, height });
  canvas.getContext('2d')?.putImageData(new ImageData(data, width, height), 0, 0);
  return canvas;
}
