import jpeg from 'jpeg-js';
import { expect, test } from 'vitest';
import { refusal } from '../refusal';
import { pngOf, read, square, squareUvs, triangles } from './files';

test('a JPEG is read', async () => {
  const data = Buffer.alloc(4 * 64, Buffer.from([200, 100, 50, 255]));
  const image = new Uint8Array(jpeg.encode({ width: 8, height: 8, data }, 95).data);
  const { mesh } = await read('jpeg.glb', triangles({ positions: square, uvs: squareUvs, image }));
  const [r, g, b] = mesh.paints[0]!.texture!.levels[0]!.data;
  expect(Math.abs(r! - 200) + Math.abs(g! - 100) + Math.abs(b! - 50)).toBeLessThan(12);
});

test('a WebP texture is refused', async () => {
  const image = Buffer.from('RIFF\0\0\0\0WEBPVP8 ');
  expect(
    await refusal(read('webp.glb', triangles({ positions: square, uvs: squareUvs, image }))),
  ).toMatch(/texture 0 of webp.glb is a WebP picture.* [Ss]ave .* PNG or JPEG/);
});

test('a damaged PNG is refused', async () => {
  const image = pngOf(1, 2, 3).subarray(0, 40);
  await expect(
    read('cut.glb', triangles({ positions: square, uvs: squareUvs, image })),
  ).rejects.toThrow(/texture 0 of cut.glb cannot be decoded/);
});
