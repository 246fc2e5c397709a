import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import { compare } from '../../src/lab/line/divergence';
import { optima } from '../../src/lab/line/fit';
import { parseMixture } from '../../src/lab/line/mixture';
import { type Recording, record, until } from './browser';

let server: ServedPage;
let browser: Browser;
let page: Page;
let recording: Recording;

beforeAll(async () => {
  server = await servePage('lab.html');
  browser = await launchChromium('none');
});
afterAll(async () => {
  await browser.close();
  await server.close();
});
beforeEach(async () => {
  await page?.close();
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, bypassCSP: true });
  page.setDefaultTimeout(90_000);
  recording = await record(page);
});

async function open(hash: string): Promise<void> {
  await page.goto(`${server.url}lab.html#${hash}`);
  await page.locator('main > *').first().waitFor();
}

/** What axe-core finds wrong, in words. */
async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const found = (await (window as unknown as { axe: typeof axe }).axe.run()).violations;
    return found.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
  });
}

/** The figures of the plane's panes. */
const figures = () =>
  page.$$eval('.plane-pane .figures', (all) => all.map(({ textContent }) => textContent));

test.each(['story', 'divergences', 'plane', 'gan'])('%s: is there, axe-core clean', async (id) => {
  await open(id);
  await page.locator(`nav [aria-current=page][href="#${id}"]`).waitFor();
  if (id === 'gan') await page.locator('[data-ready]').waitFor();
  expect(await violations()).toEqual([]);
  const [inner, outer] = await page.evaluate(() => [
    document.documentElement.scrollWidth,
    innerWidth,
  ]);
  expect(inner).toBeLessThanOrEqual(outer!);
  expect(recording.errors).toEqual([]);
});

test.each(['story', 'divergences', 'plane', 'gan'])('%s: fits a phone', async (id) => {
  await page.setViewportSize({ width: 390, height: 844 });
  await open(id);
  const width = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(width).toBeLessThanOrEqual(390);
});

test('divergences: its numbers are those of the mathematics, and a fit arrives', async () => {
  const p = parseMixture('N(-3, 0.5) + N(3, 0.5)');
  await open(`divergences?beta=0.2&p=${encodeURIComponent('N(-3, 0.5) + N(3, 0.5)')}`);
  await page.keyboard.press('Space');
  await until(page, () => document.querySelector('.play')?.textContent === 'Play', null);
  const [best] = optima({ kind: 'forward' }, p);
  const { forward } = compare(p, [{ ...best!, weight: 1 }], 0.2);
  const row = page.locator('.numbers tbody tr').first();
  expect(Number(await row.locator('td').first().textContent())).toBeCloseTo(forward, 3);
});

test('divergences: a mode moves by the keyboard alone, and the link keeps it', async () => {
  await open('divergences');
  await page.locator('.handle').first().focus();
  for (let i = 0; i < 5; i++) await page.keyboard.press('ArrowRight');
  const text = await page.locator('.field-text input').inputValue();
  expect(text).toContain('N(-1.5, 0.5)');
  const address = page.url();
  await page.goto('about:blank');
  await page.goto(address);
  expect(await page.locator('.field-text input').inputValue()).toBe(text);
});

test('plane: 200 steps, one seed one picture, and a link that restores it', async () => {
  const steps = () =>
    page.evaluate(() => Number(document.querySelector<HTMLElement>('.stage')?.dataset.step));
  await open('plane?methods=sds,vsd&seed=5&particles=40');
  await page.keyboard.press('Space');
  await until(
    page,
    () => Number(document.querySelector<HTMLElement>('.stage')?.dataset.step) >= 200,
    null,
  );
  await page.keyboard.press('Space');
  expect(await steps()).toBeGreaterThanOrEqual(200);
  const [sds, vsd] = (await figures()).map((text) => Number.parseInt(text ?? '', 10));
  expect(vsd).toBeGreaterThan(sds!);
  await page.getByRole('button', { name: 'Reset' }).click();
  for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Step' }).click();
  const first = await figures();
  await page.goto('about:blank');
  await open('plane?methods=sds,vsd&seed=5&particles=40');
  for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Step' }).click();
  expect(await figures()).toEqual(first);
});

test('plane: a target drawn by keyboard is kept in the link', async () => {
  await open('plane?methods=vsd');
  await page.locator('.drawable').focus();
  for (const key of ['ArrowRight', 'ArrowUp', 'Enter', 'ArrowUp', 'Enter']) {
    await page.keyboard.press(key);
  }
  expect(decodeURIComponent(page.url())).toContain('points=0.1,0.1;0.1,0.2');
  expect((await figures())[0]).toMatch(/of 2 modes/);
});

test('gan: five losses train in the tab', async () => {
  await open('gan?turns=1');
  await page.locator('[data-ready]').waitFor();
  const before = await figures();
  for (let i = 0; i < 2; i++) await page.getByRole('button', { name: 'Step' }).click();
  await until(
    page,
    (old) => document.querySelector('.plane-pane .figures')?.textContent !== old,
    before[0],
  );
  expect(recording.errors).toEqual([]);
});

test('story: curves that fall on each other say so', async () => {
  await open('story?vsd.tau=0&sds.h=0');
  const said = await page.$$eval('.said', (all) => all.map(({ textContent }) => textContent));
  expect(said.filter((text) => text?.includes('lie on each other'))).toHaveLength(3);
});

test.each([
  ['divergences?p=nonsense', "The target has 'nonsense'"],
  ['divergences?p=N(NaN,1)', "The target has 'N(NaN,1)'"],
  ['divergences?beta=7', "Setting 'beta' takes a number from 0 to 1, not 7"],
  ['plane?target=own', 'The target has no points'],
  ['plane?target=own&points=1,2;x', "The target has the point 'x'"],
  ['plane?particles=1e9', "Setting 'particles' takes a whole number from 1 to 256"],
  ['plane?methods=evil', "The link has the method 'evil'"],
  ['plane?__proto__=1', "The link has '__proto__'"],
  ['gan?target=%3Cscript%3E', "Setting 'target' takes one of"],
  ['story?vsd.tau=NaN', "The link sets tau to 'NaN'"],
])('%s is refused in words, and the page is there', async (hash, words) => {
  await open(hash);
  expect(await page.locator('#said').textContent()).toContain(words);
  expect(await page.locator('main > *').count()).toBe(1);
});
