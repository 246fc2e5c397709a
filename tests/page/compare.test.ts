import { readFile } from 'node:fs/promises';
import { unzipSync } from 'fflate';
import validator from 'gltf-validator';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { PLYLoader } from 'three/addons/loaders/PLYLoader.js';
import { STLLoader } from 'three/addons/loaders/STLLoader.js';
import type { BufferGeometry, Mesh } from 'three/webgpu';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fromHash } from '../../src/ui/share';
import {
  type OpenedPage,
  openPage,
  type Recording,
  until,
  untilReady,
  untilStart,
} from './browser';

const steps = 3;
const triangles = 400;
const patience = { timeout: 400_000 };
const ask =
  `prompt=a+chair&method=sds&preset=tiny&seed=3&steps=${steps}` +
  `&mesh.resolution=24&mesh.texture=64&mesh.triangles=${triangles}`;

let opened: OpenedPage;
let page: Page;
let recording: Recording;

beforeAll(async () => {
  opened = await openPage(`?model=default#${ask}`, patience.timeout);
  ({ page, recording } = opened);
  await untilReady(page);
}, patience.timeout);
afterAll(() => opened.close());

/** Presses what a pointer would have to wait for frames to press. */
const press = (selector: string) => page.locator(selector).dispatchEvent('click');
const untilText = (selector: string, words: string) =>
  until(
    page,
    ([where, text]) => document.querySelector(where!)?.textContent?.includes(text!) ?? false,
    [selector, words],
  );

async function downloaded(selector: string): Promise<{ name: string; bytes: Buffer }> {
  const [file] = await Promise.all([page.waitForEvent('download'), press(selector)]);
  return { name: file.suggestedFilename(), bytes: await readFile(await file.path()) };
}

describe('a comparison', () => {
  test('is one click: its runs stand side by side, and start', patience, async () => {
    await press('[data-comparison=threshold]');
    await untilStart(page, 'Start again');
    const names = await page.locator('.pane:visible h2').allTextContents();
    expect(names.map((name) => name.trim())).toEqual(['SDS', 'SDS threshold off']);
    expect(new URL(page.url()).hash).toContain('2.guidance.threshold=false');
  });

  test('is measured in a table, which is saved as CSV', patience, async () => {
    await press('#measures .measure');
    await untilText('#measures .measure', 'Measure again');
    const cells = (measure: string) =>
      page.locator(`#measures [data-measure=${measure}]`).allTextContents();
    for (const text of await cells('rank')) expect(text).toMatch(/^\d+(st|nd|rd|th) of 100$/);
    for (const measure of ['opacity', 'colour_spread', 'gradient_variance', 'seconds', 'calls']) {
      for (const text of await cells(measure)) expect(Number(text)).toBeGreaterThan(0);
    }
    const { name, bytes } = await downloaded('#measures .csv');
    expect(name).toBe('comparison.csv');
    const [header, ...lines] = bytes.toString().trim().split('\n');
    expect(header).toMatch(/^run,prompt,seed,step,measured_at,rank,opacity,/);
    expect(lines).toEqual([
      expect.stringMatching(/^"SDS","a chair",3,3,3,\d+,/),
      expect.stringMatching(/^"SDS · threshold off","a chair",3,3,3,\d+,/),
    ]);
  });

  test('is seen through a wipe, and from one place', patience, async () => {
    await page.locator('#wipe input').evaluate((box: HTMLInputElement) => box.click());
    const boxes = await page.locator('.pane:visible .viewport').evaluateAll((elements) =>
      elements.map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
      }),
    );
    expect(boxes[0]).toEqual(boxes[1]);
    await page.locator('#wipe-at').evaluate((edge: HTMLInputElement) => {
      edge.value = '25';
      edge.dispatchEvent(new Event('input'));
    });
    const cut = await page
      .locator('.pane[data-run="2"] .viewport')
      .evaluate((element) => getComputedStyle(element).clipPath);
    expect(cut).toContain('25% + 7px');
    await page.locator('#wipe input').evaluate((box: HTMLInputElement) => box.click());
  });

  test('has its meshes over its fields, at the level of the slider', patience, async () => {
    await page.locator('#mesh input').evaluate((box: HTMLInputElement) => box.click());
    await untilText('#level .triangles', 'triangles');
    await page.locator('#level input').evaluate((slider: HTMLInputElement) => {
      slider.value = '199';
      slider.dispatchEvent(new Event('input'));
    });
    await untilText('#level .triangles', 'nothing is so dense');
    const surfaces = (await recording.reports()).filter(({ type }) => type === 'surface');
    const counts = surfaces.map((report) => (report.type === 'surface' ? report.triangles : 0));
    expect(Math.max(...counts)).toBeGreaterThan(100);
    expect(counts.at(-1)).toBe(0);
    await page.locator('#mesh input').evaluate((box: HTMLInputElement) => box.click());
  });
});

describe('what is taken home', () => {
  const choose = (kind: string) => press(`#take-kind [value=${kind}]`);
  const set = (option: string, value: string) =>
    page.locator(`[data-option="${option}"] :is(select, input)`).selectOption(value);
  const content = () => page.locator('#take-home .content li').allTextContents();
  const untilMade = (name: string) => untilText('#take-home .content', name);
  const geometry = ({ index, attributes }: BufferGeometry) =>
    (index ? index.count : attributes.position!.count) / 3;

  beforeAll(async () => {
    await press('.pane[data-run="1"] .take');
  }, patience.timeout);

  test('is a GLB of the triangles and the texture that are said', patience, async () => {
    await untilMade('.glb');
    expect(await content()).toEqual([
      expect.stringMatching(/^a-chair-sds-3\.glb, \d+\.\d kB$/),
      `${triangles} triangles`,
      expect.stringMatching(/vertices$/),
      'texture of 64 × 64',
      `as after step ${steps}`,
    ]);
    const { name, bytes } = await downloaded('#take-home .save');
    expect(name).toBe('a-chair-sds-3.glb');
    const report = await validator.validateBytes(new Uint8Array(bytes));
    expect(report.issues.numErrors).toBe(0);
    expect(report.info.totalTriangleCount).toBe(triangles);
  });

  test.each([
    ['ply', (bytes: Buffer) => geometry(new PLYLoader().parse(arrayOf(bytes)))],
    ['stl', (bytes: Buffer) => geometry(new STLLoader().parse(arrayOf(bytes)))],
    [
      'obj',
      (bytes: Buffer) => {
        const files = unzipSync(bytes);
        expect(Object.keys(files).map((name) => name.split('.').at(-1))).toEqual([
          'obj',
          'mtl',
          'png',
        ]);
        const [obj] = Object.values(files);
        const group = new OBJLoader().parse(new TextDecoder().decode(obj));
        return geometry((group.children[0] as Mesh).geometry);
      },
    ],
    [
      '3mf',
      (bytes: Buffer) => {
        const model = unzipSync(bytes)['3D/3dmodel.model'];
        return new TextDecoder().decode(model).match(/<triangle /g)?.length;
      },
    ],
  ])('is a file of the format %s with as many triangles', patience, async (format, read) => {
    await set('mesh.format', format);
    await untilMade(`as after step`);
    await untilMade(format === 'obj' ? '.zip' : `.${format}`);
    expect((await content())[1]).toBe(`${triangles} triangles`);
    expect(read((await downloaded('#take-home .save')).bytes)).toBe(triangles);
  });

  test('is a picture of what the pane shows, on nothing', patience, async () => {
    await choose('picture');
    await set('size', '256');
    await untilMade('256 × 256');
    const { name, bytes } = await downloaded('#take-home .save');
    expect(name).toBe('a-chair-sds-3.png');
    const { width, height, data } = PNG.sync.read(bytes);
    expect([width, height, data[3]]).toEqual([256, 256, 0]);
    expect(data[4 * (128 * 256 + 128) + 3]).toBeGreaterThan(100);
  });

  test('is a video that the browser plays', patience, async () => {
    await choose('turntable');
    await set('container', 'webm');
    await set('size', '128');
    await set('seconds', '2');
    await press('#take-home .make');
    await untilMade('48 frames');
    const played = await page.locator('#take-home video').evaluate(async (video) => {
      const { duration, videoWidth, videoHeight, error } = video as HTMLVideoElement;
      return { duration, videoWidth, videoHeight, error: error?.message };
    });
    expect(played).toEqual({
      duration: expect.closeTo(2, 1),
      videoWidth: 128,
      videoHeight: 128,
    });
    expect((await downloaded('#take-home .save')).name).toBe('a-chair-sds-3.webm');
  });

  test('is a link that makes the same run', patience, async () => {
    await choose('link');
    const link = new URL(await page.inputValue('#take-home .linked input'));
    const { prompt, seed, runs, changes } = fromHash(link.hash);
    expect([prompt, seed, runs]).toEqual(['a chair', 3, [{ method: 'sds', changes: {} }]]);
    expect(changes['mesh.triangles']).toBe(triangles);
  });

  test('is the whole run, which is opened again as it was', patience, async () => {
    await choose('run');
    const first = await downloaded('#take-home .save');
    expect(first.name).toBe('a-chair-sds-3.safetensors');
    await press('#take-home .close');
    await press('#reset');
    await untilStart(page, 'Start');
    const file = { ...first, mimeType: 'application/octet-stream', buffer: first.bytes };
    await page.setInputFiles('#checkpoint-file', file);
    await untilStart(page, 'Start again');
    const again = await downloaded('.pane[data-run="1"] [data-save=checkpoint]');
    expect(again.bytes.equals(first.bytes)).toBe(true);
  });
});

test('nothing was written to the console as an error', () => {
  expect(recording.errors).toEqual([]);
});

const arrayOf = (bytes: Buffer) => new Uint8Array(bytes).buffer;
