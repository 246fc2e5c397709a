/**
 * `npm run gallery -- [--seed N] [--out DIR] [generate's options]`: twelve prompts, one picture.
 *
 * Runs `generate` for each and lays the turntables side by side in `docs/img/first-objects.png`. An object
 * that its folder already holds is not made again, so that a stopped gallery goes on.
 */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { adapterEnvironment, ensureAdapter } from './setup/adapter.mjs';
import { ensureChromium } from './setup/browser.mjs';
import { ensurePackages } from './setup/npm.mjs';
import { cache, root } from './setup/paths.mjs';
import { runHere } from './setup/process.mjs';
import { ensureProgram } from './setup/program.mjs';

const prompts = [
  'a red chair',
  'a round table',
  'a pine tree',
  'a green cactus',
  'a palm tree',
  'a castle tower',
  'a wooden barrel',
  'a purple mushroom',
  'a blue car',
  'a brown horse',
  'a red apple',
  'a blue bed',
];

const { values, tokens } = parseArgs({
  options: { seed: { type: 'string' }, out: { type: 'string' } },
  strict: false,
  tokens: true,
});
const seed = String(values.seed ?? 1);
const out = String(values.out ?? join(cache, 'gallery'));
const own = tokens.flatMap((token) =>
  token.kind === 'option' && ['seed', 'out'].includes(token.name)
    ? [token.index, token.inlineValue ? token.index : token.index + 1]
    : [],
);
const passed = process.argv.slice(2).filter((_, i) => !own.includes(i));

ensurePackages();
ensureAdapter();
const program = await ensureProgram();
for (const prompt of prompts) {
  const folder = folderOf(prompt);
  if (existsSync(join(folder, 'turntable.png'))) continue;
  const options = ['--seed', seed, '--out', folder, ...passed];
  const status = await runHere(
    process.execPath,
    [program, 'generate', prompt, ...options],
    adapterEnvironment(),
  );
  if (status !== 0) process.exit(status);
}
await draw(join(root, 'docs/img/first-objects.png'));

/** @param {string} prompt */
function folderOf(prompt) {
  return join(out, prompt.replaceAll(' ', '-'));
}

/** A page of captioned turntables, photographed. @param {string} path */
async function draw(path) {
  const { chromium } = await import('playwright-core');
  const executablePath = ensureChromium();
  const rows = prompts.map((prompt) => {
    const folder = folderOf(prompt);
    const png = readFileSync(join(folder, 'turntable.png'), 'base64');
    // Of the run that is shown: it may be one that an earlier gallery made.
    const { settings } = JSON.parse(readFileSync(join(folder, 'run.json'), 'utf8'));
    const caption = `<b>${prompt}</b><br>${settings.method.toUpperCase()}, seed ${settings.seed}`;
    return `<figure><figcaption>${caption}</figcaption><img src="data:image/png;base64,${png}"></figure>`;
  });
  const style = `body { margin: 12px; width: max-content; background: white; font: 15px/1.4 sans-serif; color: #333 }
    figure { display: flex; align-items: center; margin: 0; gap: 8px }
    figcaption { width: 150px } img { height: 112px }`;
  const browser = await chromium.launch({
    executablePath,
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const page = await browser.newPage({ viewport: { width: 1120, height: 400 } });
  await page.setContent(`<style>${style}</style>${rows.join('')}`);
  mkdirSync(join(root, 'docs/img'), { recursive: true });
  await page.screenshot({ path, fullPage: true });
  await browser.close();
  console.log(path);
}
