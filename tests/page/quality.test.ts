import { brotliCompressSync } from 'node:zlib';
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import { type Recording, record, until } from './browser';

const patience = { timeout: 600_000 };

/** The page's own JavaScript at a first visit, without onnxruntime's, by brotli: at most so many bytes. */
const budget = 500_000;

let server: ServedPage;
let browser: Browser;
let page: Page;
let recording: Recording;
/** Addresses that were asked for, and scripts by their address. */
const asked: string[] = [];
const scripts = new Map<string, Buffer>();
let policy: string | undefined;

beforeAll(async () => {
  server = await servePage();
  browser = await launchChromium('none');
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
  page = await context.newPage();
  context.on('request', (request) => asked.push(request.url()));
  page.on('response', async (response) => {
    const url = response.url();
    if (url === server.url) policy = response.headers()['content-security-policy'];
    if (url.endsWith('.js')) scripts.set(url, await response.body());
  });
  recording = await record(page);
  // Chrome 113 has no URL.parse.
  await page.addInitScript(() => Reflect.deleteProperty(URL, 'parse'));
  await page.goto(`${server.url}#prompt=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&method=sds,vsd`);
}, patience.timeout);
afterAll(async () => {
  await browser.close();
  await server.close();
});

/** What axe-core finds wrong, in words. */
async function violations(): Promise<string[]> {
  await page.evaluate(axe.source);
  return page.evaluate(async () => {
    const found = (await (window as unknown as { axe: typeof axe }).axe.run()).violations;
    return found.flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id}: ${target.join()}`));
  });
}

/** Shows the page as it is before its engine failed: there is no adapter, and the parts are the same. */
const showAll = () =>
  page.evaluate(() => {
    for (const part of document.querySelectorAll<HTMLElement>('nav, main > *')) {
      part.hidden = ['fatal', 'prior', 'microscope'].includes(part.id);
    }
  });

test('a prompt is text, and the page needs no newer browser', patience, async () => {
  await until(page, () => !document.querySelector<HTMLElement>('#fatal')!.hidden, null);
  expect(await page.inputValue('#prompt')).toBe('<img src=x onerror=alert(1)>');
  expect(await page.locator('img[src=x]').count()).toBe(0);
  expect(await page.locator('#fatal p').textContent()).toMatch(/No WebGPU adapter/);
});

test.each(['light', 'dark'] as const)('axe-core finds nothing, %s', patience, async (scheme) => {
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' });
  expect(await violations()).toEqual([]);
  await showAll();
  expect(await violations()).toEqual([]);
  await page.evaluate(() => document.querySelector<HTMLElement>('#settings')!.click());
  expect(await page.locator('#panel .lil-gui').count()).toBeGreaterThan(3);
  await page.evaluate(() => document.querySelector<HTMLElement>('#settings')!.click());
  await page.evaluate(() => document.querySelector<HTMLElement>('#runs-kept')!.click());
  expect(await violations()).toEqual([]);
  await page.evaluate(() => document.querySelector<HTMLDialogElement>('#gallery')!.close());
});

test('nothing is run or asked for but what is the page’s own', async () => {
  expect(policy).toMatch(/script-src 'self' 'wasm-unsafe-eval';/);
  expect(policy).not.toMatch(/unsafe-inline/);
  const { origin } = new URL(server.url);
  const others = asked.filter((url) => !url.startsWith(origin) && !/^(blob|data):/.test(url));
  expect(others).toEqual([]);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.wasRun = true';
    document.body.append(script);
  });
  expect(await page.evaluate(() => 'wasRun' in window)).toBe(false);
  expect(recording.errors.filter((error) => !/inline script/.test(error))).toEqual([]);
});

test('the JavaScript of a first visit is small', () => {
  const own = [...scripts].filter(([url]) => !url.includes('/ort.'));
  expect(own.some(([url]) => url.includes('worker'))).toBe(true);
  const bytes = own.reduce((sum, [, body]) => sum + brotliCompressSync(body).length, 0);
  expect(bytes).toBeGreaterThan(100_000);
  expect(bytes).toBeLessThan(budget);
});
