import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import { writeTinyPrior } from '../prior/tiny_prior';
import { record, until, untilReady, untilStart } from './browser';

const patience = { timeout: 600_000 };
const ask = 'prompt=a+red+cup&method=sds&generator=pixels&steps=2';

let folder: string;
let server: ServedPage;
let browser: Browser;
/** One visitor's browser: its pages share a storage. */
let context: BrowserContext;
let page: Page;
/** Files of priors that were asked for, by their names. */
let asked: string[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-models-'));
  const tiny = await writeTinyPrior(join(folder, 'tiny'));
  const half = await withDenoiser('half', (bytes) => bytes.subarray(0, bytes.length >> 1));
  const other = await withDenoiser('other', (bytes) => bytes.fill(1, bytes.length - 4));
  server = await servePage('index.html', { tiny, half, other });
  browser = await launchChromium('software');
  context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  context.on('request', (request) => {
    if (/tiny\//.test(request.url())) asked.push(request.url().replace(/.*\//, ''));
  });
  page = await context.newPage();
  page.setDefaultTimeout(patience.timeout);
  await record(page);
}, patience.timeout);
afterAll(async () => {
  await browser.close();
  await server.close().catch(() => {});
  await rm(folder, { recursive: true });
});

const open = (model: string) => page.goto(`${server.url}?model=${model}#${ask}`);

/** The tiny prior with other bytes in place of its denoiser's. */
async function withDenoiser(name: string, change: (bytes: Buffer) => Buffer): Promise<string> {
  const made = await writeTinyPrior(join(folder, name));
  const path = join(made, 'denoiser.onnx');
  await writeFile(path, change(await readFile(path)));
  return made;
}

const fatal = async () => {
  await until(page, () => !document.querySelector<HTMLElement>('#fatal')!.hidden, null);
  return page.textContent('#fatal p');
};

test('a file that is cut at half, or another one, is named and not kept', patience, async () => {
  await open('half');
  expect(await fatal()).toMatch(/denoiser.onnx is truncated: \d+ of \d+ bytes/);
  await open('other');
  expect(await fatal()).toMatch(/denoiser.onnx is not the file of its manifest/);
  await open('tiny');
  await untilReady(page);
  asked = [];
  await page.reload();
  await untilReady(page);
  // What was whole is not asked for again.
  expect([...new Set(asked)]).toEqual(['manifest.json']);
});

test('a folder of the visitor’s own is checked, kept and opened', patience, async () => {
  const broken = await writeTinyPrior(join(folder, 'broken'));
  await rm(join(broken, 'tokenizer.json'));
  await writeFile(join(broken, 'text_encoder.onnx'), 'no encoder');
  const manifest = JSON.parse(await readFile(join(broken, 'manifest.json'), 'utf8'));
  manifest.files.tokenizer.sha256 = '0'.repeat(64);
  await writeFile(join(broken, 'manifest.json'), JSON.stringify(manifest));
  const input = page.locator('#priors [type=file]');
  await input.setInputFiles(broken);
  await until(
    page,
    () => /missing/.test(document.querySelector('#priors .says')!.textContent),
    null,
  );
  expect(await page.textContent('#priors .says')).toMatch(/^tokenizer.json is missing/);

  await input.setInputFiles(join(folder, 'tiny'));
  await until(page, () => location.search === '?model=kept%3Atiny', null);
  await untilReady(page);
  expect(await page.inputValue('#prompt')).toBe('a red cup');
  await page.locator('#start').dispatchEvent('click');
  await untilStart(page, 'Start again');
});
