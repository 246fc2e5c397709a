/** A person's own exemplar: objects and pictures, and what becomes of their backgrounds. */

import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import type { Image } from '../../src/image/image';
import { decodeInNode } from '../../src/image/picture_node';
import { encodePng } from '../../src/image/png_node';
import { withoutBackground } from '../../src/prior/exemplars/background';
import { readExemplar } from '../../src/prior/exemplars/own';
import { pictureView } from '../../src/prior/exemplars/picture';
import { refusal } from '../refusal';
import { tinyExemplarPrior } from './tiny_exemplars';
import { sizes } from './tiny_prior';

type Colour = readonly [r: number, g: number, b: number, a?: number];

/** A picture by a colour for each pixel. */
function picture(width: number, height: number, at: (x: number, y: number) => Colour): Image {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < width * height; i++) {
    const [r, g, b, a = 255] = at(i % width, Math.floor(i / width));
    data.set([r, g, b, a], 4 * i);
  }
  return { data, width, height };
}

/** A red disc with a white middle on a ground of another colour. */
const disc = (size: number, ground: (x: number, y: number) => Colour) =>
  picture(size, size, (x, y) => {
    const distance = Math.hypot(x - size / 2, y - size / 2);
    if (distance > 0.4 * size) return ground(x, y);
    return distance < 0.1 * size ? [255, 255, 255] : [200, 20, 20];
  });
const white = (): Colour => [255, 255, 255];

const alphaAt = ({ data, width }: Image, x: number, y: number) => data[4 * (y * width + x) + 3];

test('a plain background is removed from the border inwards, and not inside', () => {
  const { image, background } = withoutBackground(disc(50, white));
  expect(background).toEqual({ kind: 'removed', colour: '#ffffff' });
  expect([alphaAt(image, 0, 0), alphaAt(image, 25, 25), alphaAt(image, 25, 10)]).toEqual([
    0, 255, 255,
  ]);
  // Light that falls off, and noise, are still one colour.
  const uneven = disc(50, (x, y) => [240 - (x % 7), 244 - Math.floor(y / 9), 238, 255]);
  expect(withoutBackground(uneven).background.kind).toBe('removed');
  expect(alphaAt(withoutBackground(uneven).image, 2, 40)).toBe(0);
});

test('a background is kept where that is wished, or where it is of no one colour', () => {
  const plain = disc(50, white);
  expect(withoutBackground(plain, true)).toEqual({
    image: plain,
    background: { kind: 'kept', plain: true },
  });
  const busy = disc(50, (x, y) => [(x * 90) % 256, (y * 70) % 256, (x * y * 31) % 256]);
  expect(withoutBackground(busy).background).toEqual({ kind: 'kept', plain: false });
});

test('transparency is taken as it is', () => {
  const cut = disc(50, () => [255, 255, 255, 0]);
  expect(withoutBackground(cut)).toEqual({ image: cut, background: { kind: 'transparent' } });
});

test('what is seen comes to the middle, as large as rendered objects, its area kept', () => {
  const size = 64;
  // A box of 20 x 40 pixels in a corner.
  const corner = picture(120, 90, (x, y) =>
    x >= 90 && x < 110 && y < 40 ? [0, 0, 255] : [0, 0, 0, 0],
  );
  const { view } = pictureView(corner, 'box.png', size);
  const alpha = view.subarray(3 * size ** 2);
  const scale = (0.85 * size) / Math.hypot(20, 40);
  expect(alpha.reduce((sum, value) => sum + value, 0)).toBeCloseTo(20 * 40 * scale ** 2, -2);
  let [x, y, mass] = [0, 0, 0];
  alpha.forEach((value, i) => {
    x += value * ((i % size) + 0.5);
    y += value * (Math.floor(i / size) + 0.5);
    mass += value;
  });
  expect([x / mass, y / mass]).toEqual([expect.closeTo(size / 2, 0), expect.closeTo(size / 2, 0)]);
  const middle = (size / 2) * size + size / 2;
  expect([view[middle], view[2 * size ** 2 + middle], alpha[middle]]).toEqual([0, 1, 1]);
});

const { manifest } = await tinyExemplarPrior();
const read = (bytes: Uint8Array, name: string, keepBackground = false) =>
  readExemplar(
    { name, bytes: new Uint8Array(bytes), keepBackground },
    manifest,
    manifest.exemplar!,
    decodeInNode,
  );
const pngOf = async (image: Image) => new Uint8Array(await encodePng(image));

test('a picture is the front alone, and what was removed is said', async () => {
  const png = await pngOf(disc(60, white));
  const { views, shown, notes } = await read(png, 'disc.png');
  expect([...shown]).toEqual([1, 0, 0]);
  expect(views.length).toBe(sizes.V * 4 * sizes.H ** 2);
  expect(views.subarray(4 * sizes.H ** 2).every((value) => value === 0)).toBe(true);
  expect(notes).toEqual([
    'The background of disc.png, #ffffff, was removed; --keep-background leaves it.',
  ]);
  expect((await read(png, 'disc.png', true)).notes).toEqual([]);
  const busy = disc(50, (x, y) => [(x * 90) % 256, (y * 70) % 256, (x * y * 31) % 256]);
  expect((await read(await pngOf(busy), 'busy.png')).notes.join()).toMatch(
    /no background of one colour/,
  );
});

test('an object is seen from all the cameras of exemplars', async () => {
  // A box around the origin, as an OBJ.
  const corners = [0, 1, 2, 3, 4, 5, 6, 7].map(
    (i) => `v ${(i & 1) - 0.5} ${((i >> 1) & 1) - 0.5} ${(i >> 2) - 0.5}`,
  );
  const faces = ['1 2 4 3', '5 6 8 7', '1 2 6 5', '3 4 8 7', '1 3 7 5', '2 4 8 6'].map(
    (f) => `f ${f}`,
  );
  const { views, shown } = await read(Buffer.from([...corners, ...faces].join('\n')), 'box.obj');
  expect([...shown]).toEqual([1, 1, 1]);
  const plane = sizes.H ** 2;
  for (let view = 0; view < sizes.V; view++) {
    const alpha = views.subarray((4 * view + 3) * plane, (4 * view + 4) * plane);
    expect(alpha[Math.floor(plane / 2)]).toBe(1);
    expect(alpha[0]).toBeLessThan(1);
  }
});

test('what shows nothing is refused, saying why', async () => {
  const cases: [Uint8Array, string, RegExp][] = [
    [new Uint8Array(0), 'none.png', /none.png is empty/],
    [
      await pngOf(picture(40, 40, () => [9, 9, 9, 0])),
      'clear.png',
      /clear.png is empty: all of it is transparent/,
    ],
    [
      await pngOf(picture(40, 40, white)),
      'wall.png',
      /wall.png shows nothing but its background, #ffffff.*keep the background/,
    ],
    [
      await pngOf(picture(1, 1, () => [9, 9, 9])),
      'dot.png',
      /dot.png shows nothing but its background/,
    ],
    [(await pngOf(disc(60, white))).subarray(0, 100), 'half.png', /half.png cannot be decoded/],
    [Buffer.from('GIF89a'), 'wave.gif', /wave.gif cannot be decoded/],
    [Buffer.from('glTF but not really, far too short'), 'a.glb', /a.glb/],
    [Buffer.from('hello'), 'notes.txt', /notes.txt/],
  ];
  for (const [bytes, name, message] of cases) {
    expect(await refusal(read(bytes, name)), name).toMatch(message);
  }
  const speck = picture(40, 40, (x, y) => (x > 33 && y > 35 ? [9, 9, 9] : [0, 0, 0, 0]));
  expect(await refusal(read(await pngOf(speck), 'speck.png'))).toMatch(
    /shows something of 6 x 4 pixels: that is too small/,
  );
});

test('a JPEG for printers, of cyan, magenta, yellow and black, shows its colours', async () => {
  // A red disc on white, 24 x 24, as Pillow writes it.
  const jpeg = Buffer.from(
    [
      '/9j/7gAOQWRvYmUAZAAAAAAA/9sAQwANCQoLCggNCwoLDg4NDxMgFRMSEhMnHB4XIC4pMTAuKS0sMzpKPjM2Rjcs',
      'LUBXQUZMTlJTUjI+WmFaUGBKUVJP/8AAFAgAGAAYBEMRAE0RAFkRAEsRAP/EABgAAAMBAQAAAAAAAAAAAAAAAAAG',
      'BwQF/8QAKBAAAQIFAwMEAwAAAAAAAAAAARESAAIDBAUTFDEhQYEHFRdhM1Hw/9oADgRDAE0AWQBLAAA/AKZUqS0p',
      'DPOUlHJii5G/tcZY1L2+q6VvSR87TMikAdACeSIouRv7XGWNS9vqulb0kfO0zIpAHQAnkiKdGH3SV34i1eXdUhE+',
      'VKG6b7RU270frh7V5a1FTsvnvCJ8qUN032ipt3o/XD2ry1qKnZfPeCN1OpLVkE8hWU8GHvHX9rk7Gne2NXVt6qsn',
      'aZVQkHoQDyDD3jr+1ydjTvbGrq29VWTtMqoSD0IB5BgjDlnNpctUr+l/lhE9Xdfa4xupt31HorHJK1eyo5PP3CJ6',
      'u6+1xjdTbvqPRWOSVq9lRyefuCObEziZwR0sS5tXlqhP0v8AJFM9Itfa5N2pt302KrHJM5Oyo1fH1FM9Itfa5N2p',
      't302KrHJM5Oyo1fH1BG6pTlqyGScLKeRD3kbC1ydjUsr6lq29VHyOMqoQR1BB5Ah7yNha5OxqWV9S1beqj5HGVUI',
      'I6gg8gQRh9rld+UtXhvVIRPiuhune71Nu9WaAe1eHORU7p47QifFdDdO93qbd6s0A9q8Ocip3Tx2gjdTpy0pBJIE',
      'lHAh7x1ha4yxp2VjS0rekrJHGZFJJ6kk8kw946wtcZY07KxpaVvSVkjjMikk9SSeSYI//9k=',
    ].join(''),
    'base64',
  );
  const { views, notes } = await read(jpeg, 'print.jpg');
  const plane = sizes.H ** 2;
  const middle = Math.floor(sizes.H / 2) * (sizes.H + 1);
  const [red, green, blue, alpha] = [0, 1, 2, 3].map((c) => views[c * plane + middle]!);
  expect(alpha).toBe(1);
  expect([red, green, blue].map((value) => Math.round(10 * value!))).toEqual([8, 1, 1]);
  expect(views[3 * plane]).toBe(0);
  expect(notes.join()).toMatch(/^The background of print.jpg, #f[a-f0-9]{5}, was removed/);
});

test('a photograph of 20 megapixels is made smaller as it is read', async () => {
  const [width, height] = [5000, 4000];
  const png = new PNG({ width, height, colorType: 0, inputColorType: 0, inputHasAlpha: false });
  png.data = Buffer.alloc(width * height, 240);
  for (let y = 1000; y < 3000; y++) png.data.fill(30, y * width + 1500, y * width + 3500);
  const bytes = PNG.sync.write(png, { colorType: 0, inputColorType: 0, inputHasAlpha: false });
  const { views, notes } = await read(bytes, 'photo.png');
  const plane = sizes.H ** 2;
  const middle = Math.floor(sizes.H / 2) * (sizes.H + 1);
  expect(255 * views[middle]!).toBeCloseTo(30, 0);
  expect(views[3 * plane + middle]).toBeCloseTo(1, 3);
  expect(notes.join()).toMatch(/photo.png, #f0f0f0, was removed/);
});

test('animated pictures are refused', async () => {
  expect(await refusal(read(Buffer.from('    ftypavis'), 'walk.avif'))).toMatch(
    /walk.avif is animated. Save one of its pictures/,
  );
});
