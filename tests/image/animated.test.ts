import { GifWriter } from 'omggif';
import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import { isAnimated } from '../../src/image/animated';

/** A GIF of so many frames, with colours for all of them or for each. */
function gif(frames: number, { own = false, loop = false } = {}): Uint8Array {
  const palette = [0xff0000, 0x00ff00, 0x0000ff, 0xffffff];
  const buffer = Buffer.alloc(4000);
  const shared = own ? {} : { palette };
  const writer = new GifWriter(buffer, 30, 20, { ...shared, ...(loop && { loop: 0 }) });
  const pixels = Array.from({ length: 600 }, (_, i) => i % 4);
  for (let i = 0; i < frames; i++) {
    writer.addFrame(0, 0, 30, 20, pixels, { delay: 5, ...(own && { palette }) });
  }
  return buffer.subarray(0, writer.end());
}

test('a GIF is by its number of frames', () => {
  for (const own of [false, true]) {
    expect(isAnimated(gif(1, { own }))).toBe(false);
    expect(isAnimated(gif(1, { own, loop: true }))).toBe(false);
    expect(isAnimated(gif(2, { own }))).toBe(true);
    expect(isAnimated(gif(3, { own, loop: true }))).toBe(true);
  }
  // What is cut off has the frames that it has begun.
  expect(isAnimated(gif(1).subarray(0, 30))).toBe(false);
  expect(isAnimated(Buffer.from('GIF89a'))).toBe(false);
});

test('others are by what their first bytes say', () => {
  const png = PNG.sync.write(new PNG({ width: 20, height: 20 }));
  expect(isAnimated(png)).toBe(false);
  const chunk = Buffer.from('\0\0\0\x08acTL\0\0\0\x02\0\0\0\0\0\0\0\0', 'latin1');
  expect(isAnimated(Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]))).toBe(true);
  const webp = Buffer.alloc(40);
  webp.write('RIFF    WEBPVP8X', 0, 'latin1');
  expect(isAnimated(webp)).toBe(false);
  webp[20] = 2;
  expect(isAnimated(webp)).toBe(true);
  expect(isAnimated(Buffer.from('    ftypavis'))).toBe(true);
  expect(isAnimated(Buffer.from('    ftypavif'))).toBe(false);
});
