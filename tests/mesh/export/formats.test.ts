import { expect, test } from 'vitest';
import { formats, textureSize } from '../../../src/mesh/export/formats';

test('a texture is made for the formats that have one', () => {
  const sizes = (asked: number) => formats.map((format) => textureSize(format, asked));
  expect(formats).toEqual(['glb', 'obj', 'ply', 'stl', '3mf', 'usdz']);
  expect(sizes(512)).toEqual([512, 512, 0, 0, 0, 512]);
  expect(sizes(0)).toEqual([0, 0, 0, 0, 0, 0]);
});
