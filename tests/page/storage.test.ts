import { readFile } from 'node:fs/promises';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import {
  endWorker,
  loseDevice,
  type Recording,
  record,
  until,
  untilReady,
  untilStart,
  untilStep,
} from './browser';

const steps = 16;
const patience = { timeout: 600_000 };
const ask = `prompt=a+chair&method=sds&generator=pixels&seed=3&steps=${steps}`;

let server: ServedPage;
let browser: Browser;
/** One visitor's browser: its pages share a storage. */
let context: BrowserContext;
let page: Page;
let recording: Recording;
/** The last state of a run that nothing interrupted. */
let whole: Buffer;

async function open(hash: string): Promise<[Page, Recording]> {
  const made = await context.newPage();
  made.setDefaultTimeout(patience.timeout);
  const recorded = await record(made);
  await made.goto(`${server.url}?model=default#${hash}`);
  await untilReady(made);
  return [made, recorded];
}

beforeAll(async () => {
  server = await servePage();
  browser = await launchChromium('software');
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  [page, recording] = await open(ask);
}, patience.timeout);
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** Presses what a pointer would have to wait for frames to press. */
const press = (of: Page, selector: string) => of.locator(selector).dispatchEvent('click');

async function lastState(of: Page): Promise<Buffer> {
  const [file] = await Promise.all([
    of.waitForEvent('download'),
    press(of, '.pane[data-run="1"] [data-save=checkpoint]'),
  ]);
  return readFile(await file.path());
}

async function openGallery(of: Page): Promise<void> {
  await press(of, '#runs-kept');
  await until(of, () => document.querySelector('#gallery .stored') !== null, null);
}

const notices = (of: Page) => of.locator('.notice p').allTextContents();

/** Waits until the page says something. */
const untilNotice = (of: Page, words: string) =>
  until(
    of,
    (text) =>
      [...document.querySelectorAll('.notice p')].some((p) => p.textContent?.includes(text)),
    words,
  );

test('what interrupts a run costs it nothing: it goes on by itself', patience, async () => {
  await press(page, '#start');
  await untilStart(page, 'Start again');
  whole = await lastState(page);
  await press(page, '#reset');
  await untilStart(page, 'Start');

  await press(page, '#start');
  await loseDevice(page);
  await untilNotice(page, 'The GPU was lost');
  await untilStep(page, 1);
  await page.reload();
  await untilStep(page, 2);
  await loseDevice(page);
  await untilStep(page, 4);
  await endWorker(page);
  await untilNotice(page, 'ended the engine. The runs');
  await untilStart(page, 'Start again');
  expect((await lastState(page)).equals(whole)).toBe(true);
  const first = (await recording.reports()).find(({ type }) => type === 'step');
  expect(first?.type === 'step' && first.report.step).toBeGreaterThan(0);
});

test('another address is a choice for the next start, and no end of a run', patience, async () => {
  await press(page, '#reset');
  await untilStart(page, 'Start');
  await page.evaluate(() => {
    location.hash = 'prompt=a+chair&method=sds&generator=pixels&seed=4&steps=400';
  });
  await until(page, () => document.querySelector<HTMLInputElement>('#seed')?.value === '4', null);
  await press(page, '#start');
  await untilStep(page, 2);
  for (const hash of ['prompt=a+house&seed=9', 'method=gan']) {
    await page.evaluate((next) => {
      location.hash = next;
    }, hash);
  }
  await until(page, () => document.querySelector('.notice') !== null, null);
  expect(await notices(page)).toContainEqual(expect.stringMatching(/Unknown method/));
  expect(await page.inputValue('#prompt')).toBe('a house');
  const before = Number(await page.getAttribute('.pane[data-run="1"]', 'data-step'));
  await untilStep(page, before + 1);
});

test('two tabs do not work on one run; what a closed one left is offered', patience, async () => {
  const [other] = await open('');
  await openGallery(other);
  const own = other.locator('.stored', { hasText: 'open now' });
  expect(await own.count()).toBe(1);
  expect(await own.locator('[data-do=open]').isDisabled()).toBe(true);
  expect(await own.locator('[data-do=delete]').isDisabled()).toBe(true);
  await page.close();
  await press(other, '#gallery .close');
  await other.reload();
  await untilReady(other);
  await until(other, () => document.querySelector('.notice .act') !== null, null);
  expect(await notices(other)).toEqual([
    expect.stringMatching(/“a chair” stopped at step \d+ when the page was closed/),
  ]);
  await press(other, '.notice .act');
  await untilStep(other, 3);
  expect(await other.inputValue('#seed')).toBe('4');
  page = other;
});

test('the gallery forks, saves and deletes what was made', patience, async () => {
  const cards = page.locator('#gallery .stored');
  const untilCards = (count: number) =>
    until(page, (n) => document.querySelectorAll('#gallery .stored').length === n, count);
  await openGallery(page);
  // The whole one, the one that was interrupted, and the one of another address: nothing was kept twice.
  await untilCards(3);
  const finished = cards.filter({ hasText: 'seed 3' }).first();
  const [file] = await Promise.all([
    page.waitForEvent('download'),
    finished.locator('[data-do=save]').dispatchEvent('click'),
  ]);
  expect((await readFile(await file.path())).equals(whole)).toBe(true);
  const remove = finished.locator('[data-do=delete]');
  await remove.dispatchEvent('click');
  expect(await remove.textContent()).toBe('Delete for good?');
  await remove.dispatchEvent('click');
  await untilCards(2);
  await cards.filter({ hasText: 'seed 3' }).locator('[data-do=fork]').dispatchEvent('click');
  await untilStart(page, 'Start again');
  expect((await lastState(page)).equals(whole)).toBe(true);
  await openGallery(page);
  await untilCards(3);
  await press(page, '#gallery .close');
});
