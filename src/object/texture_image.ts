import type { Image } from '../image/image';
import type { TextureImage, Wrap } from './object_mesh';

/** An image, then each halving of it: a texel is the mean of four, in display sRGB as a view's pixels are. */
export function mipLevels(whole: Image): Image[] {
  const levels = [whole];
  for (let last = whole; last.width > 1 || last.height > 1; levels.push(last)) last = halved(last);
  return levels;
}

function halved({ data, width, height }: Image): Image {
  const [w, h] = [Math.max(1, width >> 1), Math.max(1, height >> 1)];
  const half = new Uint8ClampedArray(w * h * 4);
  for (let y = 0; y < h; y++) {
    const [top, bottom] = [2 * y * width, Math.min(2 * y + 1, height - 1) * width];
    for (let x = 0; x < w; x++) {
      const [left, right] = [2 * x, Math.min(2 * x + 1, width - 1)];
      const [a, b, c, d] = [top + left, top + right, bottom + left, bottom + right];
      const at = 4 * (y * w + x);
      for (let i = 0; i < 4; i++) {
        const sum = data[4 * a + i]! + data[4 * b + i]! + data[4 * c + i]! + data[4 * d + i]!;
        half[at + i] = (sum + 2) >> 2;
      }
    }
  }
  return { data: half, width: w, height: h };
}

/** Texel index of a coordinate beyond an image's edge. */
function wrapped(i: number, size: number, wrap: Wrap): number {
  if (wrap === 'clamp') return Math.min(Math.max(i, 0), size - 1);
  const period = wrap === 'mirror' ? 2 * size : size;
  const within = ((i % period) + period) % period;
  return within < size ? within : period - 1 - within;
}

/**
 * The texture at (u, v), bilinear, at the level whose texels are about as large as `texels` texels
 * of the whole image along each side.
 * @param out receives rgba, 0 to 255.
 */
export function readTexture(
  texture: TextureImage,
  u: number,
  v: number,
  texels: number,
  out: Float64Array,
): void {
  const { levels, wrapS, wrapT } = texture;
  const wanted = texels > 1 ? Math.round(Math.log2(texels)) : 0;
  const { data, width, height } = levels[Math.min(wanted, levels.length - 1)]!;
  const [x, y] = [u * width - 0.5, v * height - 0.5];
  const [x0, y0] = [Math.floor(x), Math.floor(y)];
  const [fx, fy] = [x - x0, y - y0];
  const [left, right] = [wrapped(x0, width, wrapS), wrapped(x0 + 1, width, wrapS)];
  const top = wrapped(y0, height, wrapT) * width;
  const bottom = wrapped(y0 + 1, height, wrapT) * width;
  for (let c = 0; c < 4; c++) {
    const above = data[4 * (top + left) + c]! * (1 - fx) + data[4 * (top + right) + c]! * fx;
    const below = data[4 * (bottom + left) + c]! * (1 - fx) + data[4 * (bottom + right) + c]! * fx;
    out[c] = above * (1 - fy) + below * fy;
  }
}
