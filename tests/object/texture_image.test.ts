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

test('a damaged WebP is refused, and any where there is no decoder', async () => {
  const image = Buffer.from('RIFF\0\0\0\0WEBPVP8 ');
  const glb = triangles({ positions: square, uvs: squareUvs, image });
  expect(await refusal(read('webp.glb', glb))).toMatch(
    /image 0, a texture of webp.glb.*damaged WebP/,
  );
  const alone = read('webp.glb', glb, {}, { platform: undefined });
  expect(await refusal(alone)).toMatch(/a WebP picture.*PNG, JPEG and TGA are read/);
});

test('a damaged PNG is refused', async () => {
  const image = pngOf(1, 2, 3).subarray(0, 40);
  await expect(
    read('cut.glb', triangles({ positions: square, uvs: squareUvs, image })),
  ).rejects.toThrow(/image 0, a texture of cut.glb, cannot be read: its pixels/);
});
