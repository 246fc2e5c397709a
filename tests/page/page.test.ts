import { readFile } from 'node:fs/promises';
import validator from 'gltf-validator';
import type { Browser, Page } from 'playwright-core';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium, type ServedPage, servePage } from '../../src/cli/chromium';
import type { Report } from '../../src/protocol/messages';
import type { StepReport } from '../../src/protocol/reports';
import { type Recording, record, tasksDuring, until } from './browser';

/** Runs by their places, and what they are. */
const runs = ['1', '2'] as const;
const methodOf = { 1: 'sds', 2: 'vsd' } as const;
const steps = 6;
/** Milliseconds that one task of the page may take. */
const longestTask = 100;
/** For a run without a GPU beside other tests, and for all else. */
const patience = { timeout: 400_000 };
const soon = { timeout: 90_000 };

let server: ServedPage;
beforeAll(async () => {
  server = await servePage();
});
afterAll(() => server.close());

const canvas = (page: Page, run: string) => page.locator(`.pane[data-run="${run}"] canvas`);

/** RGBA of the middle of a pane, where the object is. */
async function picture(page: Page, run: string): Promise<Uint8Array> {
  const { width, height, data } = PNG.sync.read(await canvas(page, run).screenshot());
  const rows = Array.from({ length: height >> 1 }, (_, y) => {
    const start = 4 * (((height >> 2) + y) * width + (width >> 2));
    return data.subarray(start, start + 4 * (width >> 1));
  });
  return Buffer.concat(rows);
}

/** Mean difference of two pictures' bytes. */
function difference(a: Uint8Array, b: Uint8Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

const taken = async (page: Page, run: string) =>
  Number(await page.locator(`.pane[data-run="${run}"]`).getAttribute('data-step'));

async function untilSteps(page: Page, count: number): Promise<void> {
  await until(
    page,
    (least) =>
      [...document.querySelectorAll<HTMLElement>('.pane:not([hidden])')].every(
        ({ dataset }) => Number(dataset.step) >= least,
      ),
    count,
    patience.timeout,
  );
}

/** Waits until the main button says so; a failure tells what the page says instead. */
async function untilStart(page: Page, label: string): Promise<void> {
  const button = page.locator('#start', { hasText: new RegExp(`^${label}$`) });
  await button.waitFor(soon).catch(async () => {
    const says = await page.locator('#start, #progress, #notice').allTextContents();
    throw new Error(`Not '${label}': ${says.map((text) => text.trim()).join(' | ')}`);
  });
}

/** A file that a button of a pane hands to the browser. */
async function saved(
  page: Page,
  run: string,
  kind: string,
): Promise<{ name: string; path: string }> {
  const [file] = await Promise.all([
    page.waitForEvent('download', soon),
    page.locator(`.pane[data-run="${run}"] [data-save=${kind}]`).click(),
  ]);
  return { name: file.suggestedFilename(), path: await file.path() };
}

type Step = Extract<Report, { type: 'step' }>;
const isStep = (report: Report): report is Step => report.type === 'step';

describe('with an adapter', () => {
  let browser: Browser;
  let page: Page;
  let recording: Recording;
  let checkpoint: string;

  beforeAll(async () => {
    browser = await launchChromium('software');
    page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    // A click waits for the page to be drawn, and so for what else is on the processor.
    page.setDefaultTimeout(soon.timeout);
    recording = await record(page);
    await page.goto(
      `${server.url}?model=default#prompt=a+pine+tree&method=sds%2Cvsd&preset=tiny&steps=${steps}` +
        '&seed=7&fake.updates=1&mesh.resolution=24&mesh.texture=64',
    );
  });
  afterAll(() => browser.close());

  test('opens, says where it runs, and takes its settings from the link', patience, async () => {
    await page.locator('#status span').first().waitFor(soon);
    await expect(page.locator('#status').textContent()).resolves.toMatch(
      /Field on .+Denoiser on .+/,
    );
    expect(await page.inputValue('#prompt')).toBe('a pine tree');
    expect(await page.inputValue('#seed')).toBe('7');
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(true);
  });

  test('an empty prompt is refused in words, and nothing starts', patience, async () => {
    await page.fill('#prompt', '  ');
    await page.click('#start');
    expect(await page.textContent('#prompt-error')).toMatch(/prompt is empty. Describe one object/);
    expect(await page.textContent('#start')).toBe('Start');
    await page.fill('#prompt', 'a pine tree');
    expect(await page.isHidden('#prompt-error')).toBe(true);
  });

  test('both panes change over the steps, and the page stays responsive', patience, async () => {
    await page.click('#start');
    await untilSteps(page, 1);
    const first = await Promise.all(runs.map((run) => picture(page, run)));
    const tasks = await tasksDuring(page, () => untilSteps(page, steps));
    const last = await Promise.all(runs.map((run) => picture(page, run)));
    runs.forEach((_, i) => {
      expect(difference(first[i]!, last[i]!)).toBeGreaterThan(0.2);
    });
    expect(difference(last[0]!, last[1]!)).toBeGreaterThan(0);
    expect(tasks.length).toBeGreaterThan(steps);
    expect(Math.max(...tasks)).toBeLessThan(longestTask);
    expect(await page.textContent('#progress .left')).toBe('done');
  });

  test('the runs share cameras and noise levels, and keep in step', async () => {
    const reports = (await recording.reports()).filter(isStep);
    const timestepsOf = (report: StepReport) =>
      report.act === 'distil' ? report.timesteps : undefined;
    const [sds, vsd] = runs.map((wanted) => reports.filter(({ run }) => run === wanted));
    expect(sds).toHaveLength(steps);
    expect(vsd).toHaveLength(steps);
    sds!.forEach(({ report }, i) => {
      expect(report.camera).toEqual(vsd![i]!.report.camera);
      expect(timestepsOf(report)).toEqual(timestepsOf(vsd![i]!.report));
    });
    expect(new Set(sds!.map(({ report }) => timestepsOf(report)?.dm)).size).toBeGreaterThan(
      steps / 2,
    );
    reports.forEach(({ run }, i) => {
      expect(run).toBe(runs[i % 2]);
    });
  });

  test.each(runs)('run %s exports a valid GLB', patience, async (run) => {
    const { name, path } = await saved(page, run, 'object');
    expect(name).toBe(`a-pine-tree-${methodOf[run]}-7.glb`);
    const { issues, info } = await validator.validateBytes(new Uint8Array(await readFile(path)));
    expect(issues.messages.filter(({ severity }) => severity <= 1)).toEqual([]);
    expect(info.totalTriangleCount).toBeGreaterThan(100);
  });

  test('a drag turns both objects', patience, async () => {
    const before = await Promise.all(runs.map((run) => picture(page, run)));
    const box = (await canvas(page, '1').boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width / 2 + 60, box.y + box.height / 2 + 60, { steps: 4 });
    await page.mouse.up();
    for (const [i, run] of runs.entries()) {
      await expect
        .poll(async () => difference(before[i]!, await picture(page, run)), soon)
        .toBeGreaterThan(0.2);
    }
  });

  test('one choice shades both objects, and takes it back', patience, async () => {
    const pictures = () => Promise.all(runs.map((run) => picture(page, run)));
    let before = await pictures();
    const differences = async () =>
      (await pictures()).map((bytes, i) => difference(before[i]!, bytes));
    // The drag comes to rest and the stills get their size first.
    const isAtRest = async () => {
      before = await pictures();
      await page.waitForTimeout(2000);
      return Math.max(...(await differences())) < 0.05;
    };
    await expect.poll(isAtRest, soon).toBe(true);
    const choose = (mode: string) => page.click(`#shading label:has([value=${mode}])`);
    await choose('normals');
    await expect.poll(async () => Math.min(...(await differences())), soon).toBeGreaterThan(4);
    await choose('unlit');
    await expect.poll(async () => Math.max(...(await differences())), soon).toBeLessThan(1.5);
  });

  test('a checkpoint is saved and goes on in a pane of its own', patience, async () => {
    const { name, path } = await saved(page, '2', 'checkpoint');
    expect(name).toBe('a-pine-tree-vsd-7.safetensors');
    checkpoint = path;
    await page.click('#reset');
    await untilStart(page, 'Start');
    await page.setInputFiles('#checkpoint-file', checkpoint);
    await untilStart(page, 'Start again');
    expect(await page.getAttribute('.pane[data-run="1"]', 'data-state')).toBe('finished');
    expect(await page.textContent('.pane[data-run="1"] h2')).toMatch(/^VSD\s*$/);
    expect(await taken(page, '1')).toBe(steps);
    expect(await page.isHidden('.pane[data-run="2"]')).toBe(true);
    expect(await page.locator('.chip').count()).toBe(1);
    expect(new URL(page.url()).hash).toMatch(/method=vsd&/);
  });

  test('the space bar pauses and resumes', patience, async () => {
    await page.fill('#seed', '8');
    await page.locator('#seed').press('Tab');
    await page.selectOption('.chip select', 'sds');
    await page.click('#start');
    await untilStart(page, 'Pause');
    await canvas(page, '1').focus();
    await page.keyboard.press('Space');
    await untilStart(page, 'Resume');
    const step = await taken(page, '1');
    await page.waitForTimeout(3000);
    expect(await taken(page, '1')).toBe(step);
    await page.keyboard.press('Space');
    await expect.poll(() => taken(page, '1'), soon).toBeGreaterThan(step);
  });

  test('a link names another prior; one that is not there is named', patience, async () => {
    for (const folder of ['nowhere/', 'http://']) {
      const other = await browser.newPage();
      await other.goto(`${server.url}?model=${folder}`);
      await other.locator('#fatal').waitFor({ state: 'visible' });
      const message = await other.textContent('#fatal p');
      expect(message).toContain(`${folder}manifest.json`);
      expect(message).toMatch(/Download the model again|Check the connection/);
      await other.close();
    }
  });

  test('another prior is chosen on the page, which keeps the prompt', patience, async () => {
    expect(await page.isDisabled('#prior-choice')).toBe(true); // there is a run
    const other = await browser.newPage();
    await other.goto(`${server.url}?model=default#prompt=a+chair`);
    await other.locator('#status', { hasText: '32x32' }).waitFor(soon);
    await other.selectOption('#prior-choice', 'fine');
    await other.locator('#status', { hasText: '64x64' }).waitFor(soon);
    expect(await other.inputValue('#prior-choice')).toBe('fine');
    expect(await other.inputValue('#prompt')).toBe('a chair');
    await other.close();
  });

  test('the panel changes the link; what cannot be is refused in words', patience, async () => {
    const other = await browser.newPage({ viewport: { width: 1280, height: 1400 } });
    await other.goto(`${server.url}?model=default#prompt=a+chair&vsd.guidance.scale=5`);
    await other.click('.chip[data-run="2"] .settings');
    await other.click('#panel .lil-title:text-is("Guidance")');
    const control = (label: string) =>
      other.locator('#panel .lil-gui:not(.lil-root):not(.lil-closed) .lil-controller', {
        has: other.locator(`.lil-name:text-is("${label}")`),
      });
    const link = async () =>
      Object.fromEntries(
        new URL(other.url()).hash
          .slice(1)
          .split('&')
          .map((part) => part.split('=')),
      );
    const type = async (label: string, text: string) => {
      await control(label).locator('input').fill(text);
      await control(label).locator('input').press('Enter');
    };
    expect(await control('Guidance scale').locator('input').inputValue()).toBe('5');
    await type('Guidance scale', '0, 5, 2, 0.5');
    await type('Negative prompt', 'blurry');
    await control('Threshold').locator('input').uncheck();
    await control('Weighting w(τ)').locator('select').selectOption('uniform');
    expect(await link()).toEqual({
      prompt: 'a+chair',
      method: 'sds%2Cvsd',
      '2.guidance.scale': '%5B0%2C5%2C2%2C0.5%5D',
      '2.guidance.negative': 'blurry',
      '2.guidance.threshold': 'false',
      '2.guidance.weighting': 'uniform',
    });
    await type('Guidance scale', '2, 3');
    expect(await other.textContent('#notice p')).toMatch(
      /'guidance.scale' takes a number from 0 up/,
    );
    expect(await control('Guidance scale').locator('input').inputValue()).toBe('0, 5, 2, 0.5');
    await other.click('#scope label:has([value=all])');
    await other.click('#panel .lil-title:text-is("Field")');
    await control('Hidden units').locator('select').selectOption('64');
    expect((await link())['field.hidden']).toBe('64');
    await other.close();
  });

  test('nothing was written to the console as an error', () => {
    expect(recording.errors).toEqual([]);
  });
});

test('without an adapter the page says so and what to do', patience, async () => {
  const browser = await launchChromium('none');
  const page = await browser.newPage();
  const recording = await record(page);
  await page.goto(server.url);
  await page.locator('#fatal').waitFor({ state: 'visible' });
  expect(await page.textContent('#fatal p')).toMatch(/No WebGPU adapter.*Use a current Chrome/);
  for (const part of ['#ask', '#panes', '#progress', 'nav']) {
    expect(await page.isHidden(part)).toBe(true);
  }
  expect(recording.errors).toEqual([]);
  await browser.close();
});
