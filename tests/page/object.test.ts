import jpeg from 'jpeg-js';
import type { Browser, Page } from 'playwright-core';
import { build, type Rolldown } from 'vite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../../src/cli/chromium';
import { inWords } from '../../src/errors';
import { decodeInNode } from '../../src/image/picture_node';
import { pngFile } from '../image/png_files';
import { caseFiles } from '../object/case_files';
import { triangles } from '../object/files';
import { colouredBox } from '../object/shapes';
import { type Drawn, type DroppedBytes, drawn } from './object_worker';

let chunks: readonly Rolldown.OutputChunk[];
let browser: Browser;
let page: Page;
const requests: string[] = [];
beforeAll(async () => {
  const entry = new URL('object_worker.ts', import.meta.url).pathname;
  const built = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['es'], fileName: 'worker' } },
  });
  const { output } = (built as Rolldown.RolldownOutput[])[0]!;
  chunks = output.filter((made) => made.type === 'chunk');
  browser = await launchChromium('none');
  page = await browser.newPage();
  const served = new Map(chunks.map(({ fileName, code }) => [`/${fileName}`, code]));
  await page.route('**/*', (route) => {
    const path = new URL(route.request().url()).pathname;
    requests.push(path);
    const code = served.get(path);
    return route.fulfill({ contentType: code ? 'text/javascript' : 'text/html', body: code ?? '' });
  });
  await page.goto('http://page.test/');
});
afterAll(() => browser.close());

/** What a Worker of the page answers: a drawn object, or an error's words; in the order of the sets of files. */
function inWorker(sets: readonly DroppedBytes[]): Promise<(Drawn | string)[]> {
  const asText = (file: Uint8Array) => Buffer.from(file).toString('base64');
  const texts = sets.map((files) =>
    Object.entries(files).map(([path, file]) => [path, asText(file)] as const),
  );
  return page.evaluate(
    async ({ texts, script }) => {
      const fromText = (text: string) => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
      const worker = new Worker(script, { type: 'module' });
      const answers: (Drawn | string)[] = [];
      for (const entries of texts) {
        worker.postMessage(
          Object.fromEntries(entries.map(([path, text]) => [path, fromText(text)])),
        );
        const answer = await new Promise<Drawn | string>((resolve, reject) => {
          worker.onmessage = ({ data }) => resolve(data);
          worker.onerror = ({ message }) => reject(new Error(message));
        });
        answers.push(answer);
      }
      worker.terminate();
      return answers;
    },
    { texts, script: `/${chunks.find(({ isEntry }) => isEntry)!.fileName}` },
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
function obj(picture: string, file: Uint8Array): DroppedBytes {
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
    'box.obj': encoded([...text, ...faces]),
    'box.mtl': encoded(['newmtl a', 'Kd 1 0.8 0.6', `map_Kd ${picture}`]),
    [picture]: new Uint8Array(file),
  };
}

const glb = {
  'box.glb': new Uint8Array(triangles({ positions: [...positions], uvs, image: png })),
};

test('readers and rasteriser bundle for the page without anything of Node', () => {
  const known = chunks.map(({ fileName }) => fileName);
  expect(chunks.flatMap(({ imports }) => imports).filter((name) => !known.includes(name))).toEqual(
    [],
  );
  const foreign = chunks.flatMap(({ moduleIds }) =>
    moduleIds.filter((id) => /browser-external|^node:|\/pngjs\//.test(id)),
  );
  expect(foreign).toEqual([]);
});

test('a Worker draws pictures of every kind as Node does', async () => {
  const sets = [glb, obj('paint.png', png), obj('paint.jpg', jpg)];
  const expected = await Promise.all(sets.map((files) => drawn(files)));
  expect(expected.every(({ views }) => views.some((value) => value > 0))).toBe(true);
  expect(await inWorker(sets)).toEqual(expected);
});

/** The bytes of colours by which two decoders of one picture may differ. */
const decoders = 2 / 255;

test('a Worker reads and refuses every odd object as Node does, and fetches nothing', async () => {
  const others = [...caseFiles].filter(([path]) => /\.(mtl|png)$/.test(path));
  const objects = [...caseFiles].filter(([path]) => /\.(glb|gltf|obj|stl)$/.test(path));
  const sets = objects.map((object) => Object.fromEntries([object, ...others]));
  const inNode = await Promise.all(
    sets.map((files) => drawn(files, { platform: decodeInNode }).catch((error) => inWords(error))),
  );
  const before = requests.length;
  const inPage = await inWorker(sets);
  inPage.forEach((found, i) => {
    const [[name], wanted] = [objects[i]!, inNode[i]!];
    if (typeof found === 'string' || typeof wanted === 'string') {
      expect([name, found]).toEqual([name, wanted]);
      return;
    }
    expect([name, found.triangles, found.notes]).toEqual([name, wanted.triangles, wanted.notes]);
    found.views.forEach((value, k) => {
      if (Math.abs(value - wanted.views[k]!) > decoders) throw new Error(`${name} looks different`);
    });
  });
  const scripts = requests.slice(before).filter((path) => !path.endsWith('.js'));
  expect(scripts).toEqual([]);
}, 120_000);
