import jpeg from 'jpeg-js';
import type { Browser, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../src/cli/chromium';
import { pngFile } from '../image/png_files';
import { triangles } from '../object/files';
import { colouredBox } from '../object/shapes';
import { drawn, type ObjectFiles } from './object_worker';

let chunk: Rolldown.OutputChunk;
let browser: Browser;
let page: Page;
beforeAll(async () => {
  const entry = new URL('object_worker.ts', import.meta.url).pathname;
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['es'] } },
  });
  [chunk] = (built as Rolldown.RolldownOutput[])[0]!.output;
  browser = await launchChromium('none');
  page = await browser.newPage();
  const served = { '/': ['text/html', ''], '/worker.js': ['text/javascript', chunk.code] } as const;
  await page.route('**/*', (route) => {
    const path = new URL(route.request().url()).pathname;
    const [contentType, body] = served[path as keyof typeof served];
    return route.fulfill({ contentType, body });
  });
  await page.goto('http://page.test/');
});
afterAll(() => browser.close());

/** What a Worker of the page answers: the views, or an error's message. */
function inWorker({ name, bytes, others }: ObjectFiles): Promise<number[] | string> {
  const asText = (file: Uint8Array) => Buffer.from(file).toString('base64');
  const files = Object.entries(others).map(([key, file]) => [key, asText(file)] as const);
  return page.evaluate(
    async ({ name, bytes, files }) => {
      const fromText = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const worker = new Worker('/worker.js', { type: 'module' });
      const others = Object.fromEntries(files.map(([key, text]) => [key, fromText(text)]));
      worker.postMessage({ name, bytes: fromText(bytes), others });
      const answer = await new Promise<Float32Array | string>((resolve, reject) => {
        worker.onmessage = ({ data }) => resolve(data);
        worker.onerror = ({ message }) => reject(new Error(message));
      });
      worker.terminate();
      return typeof answer === 'string' ? answer : [...answer];
    },
    { name, bytes: asText(bytes), files },
  );
}

const { positions } = colouredBox(0.5, 0.4, 0.6);
const uvs = [...positions.slice(0, (2 * positions.length) / 3)].map((x) => x + 0.5);
const png = pngFile({ width: 16, height: 16, type: 3, depth: 4, interlaced: true });
const pixels = Uint8Array.from({ length: 4 * 32 * 32 }, (_, i) =>
  i % 4 === 3 ? 255 : (7 * i) % 256,
);
const jpg = jpeg.encode({ width: 32, height: 32, data: pixels }, 90).data;

/** An OBJ of the box with a picture as its texture. */
function obj(picture: string, file: Uint8Array): ObjectFiles {
  const rows = (key: string, values: ArrayLike<number>, size: number) =>
    Array.from({ length: values.length / size }, (_, i) =>
      [key, ...Array.from(values).slice(size * i, size * (i + 1))].join(' '),
    );
  const faces = Array.from({ length: positions.length / 9 }, (_, i) =>
    ['f', ...[1, 2, 3].map((k) => `${3 * i + k}/${3 * i + k}`)].join(' '),
  );
  const text = ['mtllib box.mtl', ...rows('v', positions, 3), ...rows('vt', uvs, 2), 'usemtl a'];
  const encoded = (lines: readonly string[]) => new TextEncoder().encode(lines.join('\n'));
  return {
    name: 'box.obj',
    bytes: encoded([...text, ...faces]),
    others: {
      'box.mtl': encoded(['newmtl a', 'Kd 1 0.8 0.6', `map_Kd ${picture}`]),
      [picture]: new Uint8Array(file),
    },
  };
}

const glb: ObjectFiles = {
  name: 'box.glb',
  bytes: new Uint8Array(triangles({ positions: [...positions], uvs, image: png })),
  others: {},
};

test('readers and rasteriser bundle for the page without anything of Node', () => {
  expect(chunk.imports).toEqual([]);
  const foreign = chunk.moduleIds.filter((id) => /browser-external|^node:|\/pngjs\//.test(id));
  expect(foreign).toEqual([]);
});

test.each([
  ['a GLB with a PNG', glb],
  ['an OBJ with a PNG', obj('paint.png', png)],
  ['an OBJ with a JPEG', obj('paint.jpg', jpg)],
])('a Worker draws %s as Node does', async (_, files) => {
  const expected = [...(await drawn(files))];
  const found = await inWorker(files);
  expect(expected.some((value) => value > 0)).toBe(true);
  expect(found).toEqual(expected);
});

test('what is missing in the page is named', async () => {
  const { name, bytes } = obj('paint.png', png);
  expect(await inWorker({ name, bytes, others: {} })).toBe('box.mtl is missing.');
});
