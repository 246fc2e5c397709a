import { readFile } from 'node:fs/promises';
import type { Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type OpenedPage, openPage, type Recording } from './browser';

const patience = { timeout: 400_000 };
const soon = { timeout: 90_000 };

let opened: OpenedPage;
let page: Page;
let recording: Recording;

beforeAll(async () => {
  opened = await openPage(
    '?model=default#prompt=a+chair&method=sds%2Csds&generator=pixels&seed=1&steps=3&2.seed=2',
    soon.timeout,
  );
  ({ page, recording } = opened);
});
afterAll(() => opened.close());

const chip = (place: number) => page.locator(`.chip[data-run="${place}"]`);
const pane = (place: number) => page.locator(`.pane[data-run="${place}"]`);
const shownPanes = () => page.locator('.pane:visible').count();
const link = () => new URLSearchParams(new URL(page.url()).hash.slice(1));

/** RGBA of the pictures that a pane exports. */
async function exported(place: number): Promise<{ name: string; picture: PNG }> {
  const [file] = await Promise.all([
    page.waitForEvent('download', soon),
    pane(place).locator('[data-save=object]').click(),
  ]);
  const picture = PNG.sync.read(await readFile(await file.path()));
  return { name: file.suggestedFilename(), picture };
}

test('each run has a pane, named by its method and by what differs', patience, async () => {
  await page.locator('#status span').first().waitFor(soon);
  expect(await page.locator('.pane:visible h2').allTextContents()).toEqual(['SDS ', 'SDS seed 2']);
  expect(await pane(2).locator('canvas').getAttribute('aria-label')).toBe(
    'The pictures of a chair by SDS · seed 2',
  );
  expect(await page.isHidden('#shading')).toBe(true);
  expect(await pane(1).locator('.hint').isHidden()).toBe(true);
});

test('runs are added up to four, changed one by one, and removed', patience, async () => {
  await page.click('#runs .add');
  await page.click('#runs .add');
  expect(await page.isDisabled('#runs .add')).toBe(true);
  expect(await shownPanes()).toBe(4);
  await chip(3).locator('select').selectOption('vsd');
  expect(link().get('method')).toBe('sds,sds,vsd,sds');
  expect(link().get('4.seed')).toBe('2');
  await chip(2).locator('.remove').click();
  expect(link().get('method')).toBe('sds,vsd,sds');
  await chip(2).locator('.remove').click();
  expect(await shownPanes()).toBe(2);
  expect(link().get('2.seed')).toBe('2');
});

test('two seeds stand side by side and become pictures', patience, async () => {
  await page.click('#start');
  await page.locator('#start', { hasText: /^Start again$/ }).waitFor(patience);
  expect(await pane(1).locator('[data-save=object]').textContent()).toBe('Export PNG');
  const [first, second] = [await exported(1), await exported(2)];
  expect(first.name).toBe('a-chair-sds-1.png');
  expect(second.name).toBe('a-chair-sds-2.png');
  expect([first.picture.width, first.picture.height]).toEqual([128, 32]);
  expect(first.picture.data.equals(second.picture.data)).toBe(false);
});

test.each([
  [
    'method=sds,sds,sds,sds,sds',
    /There are 5 runs, and the page shows 1 to 4\. Name as many methods/,
  ],
  ['method=gan', /Unknown method 'gan'\. Choose one of sir, sds, vsd, /],
])(
  'the link %s is refused in words, and the page starts as it is',
  patience,
  async (hash, words) => {
    const other = await opened.browser.newPage();
    await other.goto(`${opened.url}?model=default#${hash}`);
    expect(await other.textContent('#notice p')).toMatch(words);
    expect(await other.locator('.chip').count()).toBe(1);
    await other.close();
  },
);

test('nothing was written to the console as an error', () => {
  expect(recording.errors).toEqual([]);
});
