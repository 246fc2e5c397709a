/** The page shows what a prompt finds in the library, and takes another, none, or a visitor's own file. */
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { encodePng } from '../../src/image/png_node';
import { type OpenedPage, openPage, type Recording } from './browser';

const soon = { timeout: 120_000 };

let opened: OpenedPage;
let page: Page;
let recording: Recording;

beforeAll(async () => {
  opened = await openPage('#prompt=a+red+chair&method=sds&preset=tiny&steps=4', soon.timeout);
  ({ page, recording } = opened);
  await page.locator('#status span').first().waitFor(soon);
});
afterAll(() => opened.close());

const offers = () => page.locator('#exemplar .offers button');
const pressed = () => page.locator('#exemplar .offers [aria-pressed=true]').textContent();
const chosen = () =>
  page.evaluate(() => new URLSearchParams(location.hash.slice(1)).get('exemplar.source'));

test('shows what the prompt finds, and loads the library only then, telling its bytes', async () => {
  const downloaded = async () =>
    (await recording.reports()).filter(
      (report) => report.type === 'download' && report.file.endsWith('library.bin'),
    );
  expect(await downloaded()).toEqual([]);
  await page.locator('#exemplar summary').click();
  await page.locator('#exemplar .offers canvas').nth(6).waitFor(soon);
  expect(await downloaded()).not.toEqual([]);
  expect(await page.locator('#exemplar summary b').textContent()).toMatch(/chair.*, by /);
  expect(await pressed()).toBe('What the prompt finds');
  const opaque = await page
    .locator('#exemplar .offers canvas')
    .first()
    .evaluate((canvas: HTMLCanvasElement) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
      return data.filter((_, i) => i % 4 === 3).filter((alpha) => alpha > 128).length;
    });
  expect(opaque).toBeGreaterThan(100);
});

test('takes another, or none, into the address', async () => {
  await offers().nth(2).click();
  expect(await chosen()).toMatch(/^library:/);
  await offers().filter({ hasText: 'Nothing' }).click();
  expect(await chosen()).toBe('none');
  expect(await pressed()).toBe('Nothing');
  await offers().first().click();
  expect(await chosen()).toBeNull();
});

test('what the prior was taught is browsed by kind, and becomes the prompt', async () => {
  const tile = (words: string) =>
    page.locator('#known-words li', { has: page.locator(`span:text-is("${words}")`) });
  await page.locator('#browse').dispatchEvent('click');
  await tile('tree').locator('canvas').waitFor(soon);
  expect(await page.locator('#known-words li').count()).toBe(96);
  await tile('tree').locator('button').dispatchEvent('click');
  await tile('a pine tree').waitFor(soon);
  await page.fill('#known-words input', 'pine gre');
  await tile('a green pine tree').locator('button').dispatchEvent('click');
  expect(await page.inputValue('#prompt')).toBe('a green pine tree');
  expect(await page.locator('#known-words').isVisible()).toBe(false);
});

test('a word that it was not taught is said at once, with the nearest', async () => {
  await page.fill('#prompt', 'a red automobile');
  await page.locator('#unknown-words button').waitFor(soon);
  expect(await page.textContent('#unknown-words')).toMatch(/not taught “automobile”. Nearest: car/);
  await page.locator('#unknown-words button').dispatchEvent('click');
  expect(await page.inputValue('#prompt')).toBe('a red car');
  expect(await page.isHidden('#unknown-words')).toBe(true);
});

test('takes a file of the visitor, says what was done to it, and refuses one that shows nothing', async () => {
  const [size, data] = [40, new Uint8ClampedArray(4 * 40 * 40).fill(255)];
  const blank = Buffer.from(await encodePng({ data, width: size, height: size }));
  for (let i = 500; i < 1100; i++) data.set([200, 30, 30, 255], 4 * i);
  const striped = Buffer.from(await encodePng({ data, width: size, height: size }));
  const input = page.locator('#exemplar input.files');
  const file = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });
  await input.setInputFiles(file('stripe.png', striped));
  await page.locator('#exemplar .about', { hasText: 'The background of stripe.png' }).waitFor(soon);
  expect(await chosen()).toBe('file:stripe.png');
  expect(await pressed()).toBe('stripe.png');
  await page.locator('#exemplar .keep').check();
  await page.locator('#exemplar .about').waitFor({ ...soon, state: 'hidden' });

  await input.setInputFiles(file('blank.png', blank));
  await page.locator('#exemplar .keep').uncheck();
  await page
    .locator('#notice', { hasText: 'blank.png shows nothing but its background' })
    .waitFor(soon);
  expect(recording.errors).toEqual([]);
});
