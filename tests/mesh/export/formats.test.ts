import { expect, test } from 'vitest';
import { textureSize } from '../../../src/mesh/export/formats';

test('a texture is made for the formats that have one', () => {
  expect(textureSize('glb', 0)).toBe(0);
  expect(textureSize('glb', 512)).toBe(512);
  expect(textureSize('obj', 0)).toBe(1024);
  expect(textureSize('obj', 256)).toBe(256);
  expect([textureSize('ply', 512), textureSize('stl', 512)]).toEqual([0, 0]);
});
