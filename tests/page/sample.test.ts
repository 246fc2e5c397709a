import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { samplingDefaults } from '../../src/prior/sampler';
import type { Report } from '../../src/protocol/messages';
import { type OpenedPage, openPage, type Recording, tasksDuring } from './browser';

const steps = 6;
/** Evaluations of the network in a sample, and what the strip says before the last. */
const { steps: evaluations } = samplingDefaults;
const drawing = new RegExp(`^step \\d+ of ${evaluations}$`);
/** Milliseconds that one task of the page may take. */
const longestTask = 100;
/** For a sample's evaluations of the network without a GPU beside other tests, and for all else. */
const patience = { timeout: 400_000 };
const soon = { timeout: 90_000 };

let opened: OpenedPage;
let page: Page;
let recording: Recording;
/** The four views of seed 7, drawn while nothing trained. */
let first: string[];

beforeAll(async () => {
  opened = await openPage(
    `?model=default#prompt=a+pine+tree&method=sds&preset=tiny&steps=${steps}&seed=7`,
    soon.timeout,
  );
  ({ page, recording } = opened);
  await page.locator('#status span').first().waitFor(soon);
});
afterAll(() => opened.close());

type Sample = Extract<Report, { type: 'sample' }>;

const samples = async () =>
  (await recording.reports()).filter((report): report is Sample => report.type === 'sample');

const untilDrawn = () => page.locator('#prior[data-state=done]').waitFor(patience);

/** Waits until the strip says that a step of the sample was taken. */
const untilDrawing = () =>
  page.locator('#prior[data-state=drawing] .state', { hasText: drawing }).waitFor(soon);

const views = () =>
  page.$$eval('#prior canvas', (canvases) =>
    canvases.map((canvas) => (canvas as HTMLCanvasElement).toDataURL()),
  );

/** Of each view, the share of its pixels that the object covers. */
const covered = () =>
  page.$$eval('#prior canvas', (canvases) =>
    (canvases as HTMLCanvasElement[]).map((canvas) => {
      const { width, height } = canvas;
      const { data } = canvas.getContext('2d')!.getImageData(0, 0, width, height);
      return data.filter((value, i) => i % 4 === 3 && value > 128).length / (width * height);
    }),
  );

async function setSeed(seed: number): Promise<void> {
  await page.fill('#seed', String(seed));
  await page.locator('#seed').press('Tab');
}

test.each([
  ['empty', '  ', /prompt is empty. Describe one object/],
  ['too long', 'a'.repeat(1001), /prompt has 1001 characters; at most 1000/],
])('a prompt that is %s is refused in words, and nothing is drawn', async (_, prompt, words) => {
  // By a script: what is typed or pasted ends where the longest prompt does.
  await page.locator('#prompt').evaluate((input: HTMLInputElement, value) => {
    input.value = value;
    input.dispatchEvent(new Event('input'));
  }, prompt);
  await page.click('#sample');
  expect(await page.textContent('#prompt-error')).toMatch(words);
  expect(await page.isHidden('#prior')).toBe(true);
  await page.fill('#prompt', 'a pine tree');
  expect(await page.isHidden('#prompt-error')).toBe(true);
});

test('four views come out of the noise, and the page stays responsive', patience, async () => {
  const tasks = await tasksDuring(page, async () => {
    await page.click('#sample');
    await untilDrawn();
  });
  expect(Math.max(...tasks)).toBeLessThan(longestTask);
  expect((await samples()).map(({ step, steps }) => `${step}/${steps}`)).toEqual(
    Array.from({ length: evaluations }, (_, i) => `${i + 1}/${evaluations}`),
  );
  const says = await page.textContent('#prior');
  for (const words of ['The prior’s own views', 'not the distilled', 'a pine tree', 'Seed 7']) {
    expect(says).toContain(words);
  }
  first = await views();
  expect(new Set(first).size).toBe(4);
  for (const share of await covered()) {
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.9);
  }
});

test(
  'runs wait and lose nothing; a newer sample replaces, the same seed repeats',
  patience,
  async () => {
    await setSeed(8);
    await page.click('#start');
    await page.locator('.pane[data-run="1"]:not([data-step="0"])').waitFor(soon);
    await page.click('#sample');
    await untilDrawing();
    expect(await page.textContent('#progress .left')).toBe('waits for the sample');
    await setSeed(7);
    await page.click('#sample');
    await untilDrawn();
    expect(await views()).toEqual(first);

    const seeds = (await samples()).slice(evaluations).map(({ request }) => request.seed);
    const replaced = seeds.indexOf(7);
    expect(replaced).toBeGreaterThan(0);
    expect(replaced).toBeLessThan(evaluations);
    expect(seeds.slice(replaced)).toEqual(Array(evaluations).fill(7));

    await page.locator('#progress .left', { hasText: /^done$/ }).waitFor(patience);
    const taken = (await recording.reports()).flatMap((report) =>
      report.type === 'step' ? [report.report.step] : [],
    );
    expect(taken).toEqual(Array.from({ length: steps }, (_, i) => i));
  },
);

test('closing the strip ends what is being drawn; an unknown word is named', patience, async () => {
  await page.fill('#prompt', 'a green 🌲');
  await page.click('#sample');
  await untilDrawing();
  expect(await page.textContent('#notice p')).toBe(
    "The model does not know '🌲': use plain English words.",
  );
  await page.click('#prior .close');
  expect(await page.isHidden('#prior')).toBe(true);
  // Commands are obeyed in order: once this one is, the drawing has ended.
  await page.click('#reset');
  await page.locator('#start', { hasText: /^Start$/ }).waitFor(soon);
  const before = (await samples()).length;
  await page.waitForTimeout(4000);
  const after = await samples();
  expect(after.length).toBe(before);
  expect(after.at(-1)!.step).toBeLessThan(evaluations);
});

test('nothing was written to the console as an error', () => {
  expect(recording.errors).toEqual([]);
});
