/** A Stable Diffusion, tiny and with random weights, in the page: SDS and VSD in its latents. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import { tinyPipeline } from '../prior/tiny_pipeline';
import { record, until } from './browser';

const STEPS = 20;
let folder: string;
let server: ServedPage;
let browser: Browser;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'limbeck-latent-'));
  const files = tinyPipeline();
  const broken = new Map(files).set('unet/model.onnx', files.get('unet/model.onnx')!.slice(0, 500));
  for (const [name, held] of Object.entries({ whole: files, broken })) {
    for (const [path, bytes] of held) {
      mkdirSync(dirname(join(folder, name, path)), { recursive: true });
      writeFileSync(join(folder, name, path), bytes);
    }
  }
  server = await servePage('index.html', { pipelines: folder });
  browser = await launchChromium('software');
});
afterAll(async () => {
  await browser?.close();
  await server?.close();
  rmSync(folder, { recursive: true });
});

test(`${STEPS} steps of SDS beside VSD`, { timeout: 400_000 }, async () => {
  const page = await browser.newPage();
  const recording = await record(page);
  const settings = `prompt=a+red+chair&method=sds%2Cvsd&generator=pixels&steps=${STEPS}&seed=7`;
  await page.goto(`${server.url}?model=pipelines/whole#${settings}`);
  await page.click('#start');
  await until(
    page,
    (steps) =>
      [...document.querySelectorAll<HTMLElement>('.pane')].filter(
        ({ dataset }) => Number(dataset.step) >= steps,
      ).length === 2,
    STEPS,
  );
  const steps = (await recording.reports()).filter((report) => report.type === 'step');
  expect(steps.length).toBeGreaterThanOrEqual(2 * STEPS);
  expect(recording.errors).toEqual([]);
  await page.close();
});

test('a UNet that was cut is named', { timeout: 120_000 }, async () => {
  const page = await browser.newPage();
  await page.goto(`${server.url}?model=pipelines/broken`);
  await page.locator('#fatal').waitFor({ state: 'visible' });
  expect(await page.textContent('#fatal p')).toContain('unet cannot be used');
  await page.close();
});
