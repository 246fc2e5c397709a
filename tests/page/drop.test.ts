/** A visitor's own object, dropped on the page or chosen, alone or with its folder. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, CDPSession, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import { pngOf } from '../object/files';
import { type Recording, record, until } from './browser';

const soon = { timeout: 120_000 };

let folder: string;
let server: ServedPage;
let browser: Browser;
let page: Page;
let cdp: CDPSession;
let recording: Recording;

/** A square of side 2 that faces the front, as numbers of a buffer. */
const corners = [-1, -1, 0, 1, -1, 0, 1, 1, 0, -1, -1, 0, 1, 1, 0, -1, 1, 0];
const uvs = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0];
const gltf = {
  asset: { version: '2.0' },
  scenes: [{ nodes: [0] }],
  nodes: [{ mesh: 0 }],
  meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
  materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }],
  textures: [{ source: 0 }],
  images: [{ uri: 'textures/red%20paint.png' }],
  accessors: [
    { bufferView: 0, componentType: 5126, count: 6, type: 'VEC3' },
    { bufferView: 1, componentType: 5126, count: 6, type: 'VEC2' },
  ],
  bufferViews: [
    { buffer: 0, byteLength: 72 },
    { buffer: 0, byteOffset: 72, byteLength: 48 },
  ],
  buffers: [{ uri: 'scene.bin', byteLength: 120 }],
};
const obj = `mtllib wall.mtl
v -1 -1 0\nv 1 -1 0\nv 1 1 0\nv -1 1 0\nvt 0 0\nvt 1 0\nvt 1 1\nvt 0 1
usemtl wall\nf 1/1 2/2 3/3 4/4\n`;

/** Writes files below the folder. */
async function write(files: Readonly<Record<string, string | Uint8Array>>): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), content);
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-drop-'));
  await write({
    'red/scene.gltf': JSON.stringify(gltf),
    'red/scene.bin': new Uint8Array(Float32Array.from([...corners, ...uvs]).buffer),
    'red/textures/red paint.png': pngOf(230, 20, 10),
    'green/source/wall.obj': obj,
    'green/source/wall.mtl': 'newmtl wall\nmap_Kd C:\\work\\Green.PNG\n',
    'green/textures/green.png': pngOf(10, 200, 30),
    'words/readme.txt': 'no object',
    'words/licence.txt': 'no object either',
    'lone/scene.gltf': JSON.stringify(gltf),
    'two/a.obj': obj,
    'two/b.obj': obj,
  });
  server = await servePage();
  browser = await launchChromium('software');
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(soon.timeout);
  recording = await record(page);
  cdp = await page.context().newCDPSession(page);
  const settings = 'method=sds&preset=tiny&steps=4&exemplar.source=none';
  await page.goto(`${server.url}#prompt=a+red+chair&${settings}`);
  await page.locator('#status span').first().waitFor(soon);
});
afterAll(async () => {
  await browser.close();
  await server.close();
  await rm(folder, { recursive: true });
});

/** Drops files and folders as a person's file manager does. */
async function drop(...paths: string[]): Promise<void> {
  const files = paths.map((path) => join(folder, path));
  const data = { items: [], files, dragOperationsMask: 1 };
  const send = (type: 'dragEnter' | 'dragOver' | 'drop') =>
    cdp.send('Input.dispatchDragEvent', { type, x: 640, y: 400, data });
  await send('dragEnter');
  await send('dragOver');
  await page.locator('#drop').waitFor({ ...soon, state: 'visible' });
  await send('drop');
  await page.locator('#drop').waitFor({ ...soon, state: 'hidden' });
}

const said = (words: string) => page.locator('#notice', { hasText: words }).waitFor(soon);
const own = (name: string) => page.locator('#exemplar .mine h3', { hasText: name }).waitFor(soon);
const setting = (name: string) =>
  page.evaluate((key) => new URLSearchParams(location.hash.slice(1)).get(key), name);

/** What the middle of the first of the shown views looks like. */
const colour = () =>
  page.locator('#exemplar .mine canvas').evaluate((canvas: HTMLCanvasElement) => {
    const at = canvas.height / 2;
    return [...canvas.getContext('2d')!.getImageData(at, at, 1, 1).data];
  });

/** Whether a texture of that colour is seen: the prior sees objects in some light. */
const isRed = ([r, g, b, alpha]: readonly number[]) =>
  r! > 100 && g! < 40 && b! < 40 && alpha === 255;
const isGreen = ([r, g, b, alpha]: readonly number[]) =>
  g! > 100 && r! < 40 && b! < 60 && alpha === 255;

test('a folder that is dropped is an object with its files, and shown to the prior', async () => {
  await drop('red');
  await own('scene.gltf');
  expect(await colour()).toSatisfy(isRed);
  expect(await setting('exemplar.source')).toBe('file:scene.gltf');
  expect(await page.locator('#exemplar .offers [aria-pressed=true]').textContent()).toBe(
    'scene.gltf',
  );
});

test('so is a folder that is chosen, and files that are chosen together', async () => {
  await page.locator('#exemplar input.folder').setInputFiles(join(folder, 'green'));
  await own('wall.obj');
  expect(await colour()).toSatisfy(isGreen);
  const files = ['scene.bin', 'scene.gltf', 'textures/red paint.png'];
  await page
    .locator('#exemplar input.files')
    .setInputFiles(files.map((file) => join(folder, 'red', file)));
  await own('scene.gltf');
  expect(await colour()).toSatisfy(isRed);
});

test('what cannot be read is refused in words, and what there was stays', async () => {
  await drop('words');
  await said('There is no object among the 2 files. Give one of GLB');
  await drop('two/a.obj', 'two/b.obj');
  await said('There are 2 objects: a.obj, b.obj. Give one of them.');
  await drop('lone');
  await said('scene.gltf keeps its triangles in scene.bin, which is missing');
  await drop('words/readme.txt');
  await said('readme.txt is none of GLB');
  await own('scene.gltf');
  expect(await setting('exemplar.source')).toBe('file:scene.gltf');
});

test('a run starts from it', { timeout: 300_000 }, async () => {
  const close = page.locator('#notice .icon').first();
  while (await close.isVisible()) await close.click();
  await page.locator('#exemplar .begins').check();
  expect(await setting('start.source')).toBe('file:scene.gltf');
  await page.locator('#start').click();
  await until(
    page,
    () =>
      document.querySelector('#notice p') !== null ||
      Number(document.querySelector<HTMLElement>('.pane')?.dataset.step) >= 1,
    null,
  );
  expect(await page.locator('#notice p').allTextContents()).toEqual([]);
  await page.locator('#exemplar .begins').uncheck();
  expect(await setting('start.source')).toBeNull();
  expect(recording.errors).toEqual([]);
});
