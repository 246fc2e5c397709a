import { expect, test } from 'vitest';
import { stacked, viewsToImage } from '../../src/image/strip';

/** Two views of 3 x 3: in the first only the top right pixel is seen, half red; the second is blue. */
function views(): Float32Array {
  const values = new Float32Array(2 * 4 * 9);
  values[2] = 0.5;
  values[3 * 9 + 2] = 0.5;
  values.fill(1, 4 * 9 + 2 * 9, 4 * 9 + 4 * 9);
  return values;
}
const pixel = (image: { data: ArrayLike<number>; width: number }, x: number, y: number) =>
  [0, 1, 2, 3].map((c) => image.data[4 * (y * image.width + x) + c]);

test('views lie side by side over the background', () => {
  const image = viewsToImage(views(), { count: 2, size: 3, background: [0, 1, 0] });
  expect([image.width, image.height]).toEqual([6, 3]);
  expect(pixel(image, 2, 0)).toEqual([128, 128, 0, 255]);
  expect(pixel(image, 0, 2)).toEqual([0, 255, 0, 255]);
  expect(pixel(image, 3, 0)).toEqual([0, 0, 255, 255]);
  expect(pixel(image, 5, 2)).toEqual([0, 0, 255, 255]);
});

test('the background is white unless told, and may be left out', () => {
  expect(pixel(viewsToImage(views(), { count: 2, size: 3 }), 0, 0)).toEqual([255, 255, 255, 255]);
  const image = viewsToImage(views(), { count: 2, size: 3, background: null });
  expect(pixel(image, 0, 0)).toEqual([0, 0, 0, 0]);
  expect(pixel(image, 2, 0)).toEqual([255, 0, 0, 128]);
});

test('values out of range are clamped', () => {
  const image = viewsToImage(Float32Array.of(2, -1, 0.5, 1), { count: 1, size: 1 });
  expect([...image.data]).toEqual([255, 0, 128, 255]);
});

test('refuses views of another size', () => {
  expect(() => viewsToImage(new Float32Array(5), { count: 1, size: 1 })).toThrow(/4 values, not 5/);
});

test('images are stacked from the top', () => {
  const of = (value: number, height: number) => ({
    data: new Uint8ClampedArray(8 * height).fill(value),
    width: 2,
    height,
  });
  const image = stacked([of(1, 1), of(2, 2)]);
  expect([image.width, image.height, image.data.length]).toEqual([2, 3, 24]);
  expect([...image.data.subarray(7, 9)]).toEqual([1, 2]);
  expect(stacked([]).data.length).toBe(0);
});
