/**
 * `node scripts/screenshot.mjs [--prompt P] [--link SETTINGS] [--at STEP] [--size WxH] [--scheme light|dark] [--out FILE]`:
 * the page, photographed.
 *
 * Opens the built page with a prompt and the settings of a link: `preset=tiny&seed=7`, or other runs than SDS and VSD,
 * `method=sds,vsd,sds&3.seed=2`. It trains them side by side up to a step, pauses, and takes the picture when the panes
 * have come to rest: `docs/img/page.png`. `--at 0` photographs the page before anything runs.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureAdapter } from './setup/adapter.mjs';
import { ensureChromium, softwareAdapterFlags } from './setup/browser.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { root } from './setup/paths.mjs';
import { say } from './setup/process.mjs';

const { values } = parseArgs({
  options: {
    prompt: { type: 'string', default: 'a pine tree' },
    link: { type: 'string', default: 'seed=1' },
    at: { type: 'string', default: '400' },
    size: { type: 'string', default: '1400x900' },
    scheme: { type: 'string', default: 'light' },
    out: { type: 'string', default: join(root, 'docs/img/page.png') },
  },
});
const least = Number(values.at);

ensurePackages();
const { software } = ensureAdapter();
const { build, preview } = await import('vite');
await build({ root, logLevel: 'warn' });
const server = await preview({ root, preview: { port: 0, host: '127.0.0.1' } });
const { chromium } = await import('playwright-core');
const browser = await chromium.launch({
  executablePath: ensureChromium(),
  args: ['--no-sandbox', ...(software ? softwareAdapterFlags : ['--enable-unsafe-webgpu'])],
});
const [width = 0, height = 0] = values.size.split('x').map(Number);
const page = await browser.newPage({
  viewport: { width, height },
  colorScheme: values.scheme === 'dark' ? 'dark' : 'light',
});
// Without a GPU a step takes seconds.
page.setDefaultTimeout(0);
const choices = new URLSearchParams(`prompt=${values.prompt}&${values.link}`);
await page.goto(`${server.resolvedUrls?.local[0]}#${choices}`);
await page.locator('#status span').first().waitFor();
if (least > 0) {
  await page.click('#start');
  for (let step = 0; step < least; step = await leastStep()) {
    say(`step ${step} of ${least}`);
    await page.waitForTimeout(10_000);
  }
  // Runs that have come to their end cannot pause.
  if ((await page.textContent('#start')) === 'Pause') await page.click('#start');
  await page.locator('#start', { hasText: /^(Resume|Start again)$/ }).waitFor();
}
await page.mouse.move(0, 0);
await atRest();
await page.screenshot({ path: values.out });
say(values.out);
await browser.close();
await server.close();

/** The step that all panes have taken. */
function leastStep() {
  return page.evaluate(() => {
    const panes = /** @type {HTMLElement[]} */ ([
      ...document.querySelectorAll('.pane:not([hidden])'),
    ]);
    return Math.min(...panes.map(({ dataset }) => Number(dataset.step)));
  });
}

/** Stills grow sharper until nothing changes. */
async function atRest() {
  for (let last = ''; ; ) {
    const now = (await page.screenshot()).toString('base64');
    if (now === last) return;
    last = now;
    await page.waitForTimeout(8000);
  }
}
