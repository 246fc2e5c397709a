import { PNG } from 'pngjs';
import { expect, test } from 'vitest';
import { encodePng } from '../../src/image/png_node';

test('a PNG holds the image', async () => {
  const data = Uint8ClampedArray.from({ length: 4 * 6 }, (_, i) => 10 * i);
  const read = PNG.sync.read(Buffer.from(await encodePng({ data, width: 3, height: 2 })));
  expect([read.width, read.height]).toEqual([3, 2]);
  expect([...read.data]).toEqual([...data]);
});
