import type { Page } from 'playwright-core';
import type { Report } from '../protocol/messages';
import { methodOf, presetOf, presets } from '../settings';
import { launchChromium, servePage } from './chromium';
import { numberFlag, type Parsed } from './flags';
import { say } from './machine';
import { childrensSeconds } from './processor_time';

const flags = {
  trials: { value: 'N', text: 'pages of which the median is taken (default: 3)' },
  preset: { value: 'NAME', text: `${Object.keys(presets).join(', ')} (default: default)` },
  methods: { value: 'NAMES', text: 'of the runs of a page (default: sds,vsd)' },
  hardware: { text: "the machine's GPU instead of Chromium's software adapter" },
};

/** `bench start`: how long somebody waits who clicks Start, for the first time and once more. */
export const startBench = {
  about: [
    'Opens the page in headless Chromium and measures when, after the click on Start, the runs are prepared, when the',
    'first step is taken, and how long a later step takes: of the first runs, and of the second ones with',
    'another seed, after Reset in the same page. In seconds by the clock, and in processor seconds of the browser,',
    'which other programs disturb less.',
  ],
  flags,
  run: measure,
};

/** Seconds from the click on Start, by the clock and of the browser's processes. */
interface Waited {
  readonly clock: number;
  readonly processor: number;
}

/** What somebody waits for who clicks Start. */
interface Started {
  readonly prepared: Waited;
  readonly stepped: Waited;
  /** Of a later step of each run, their mean: what a start cannot be shorter than. */
  readonly step: Waited;
}

/** What happens in the page. */
type Happening = 'clicked' | 'prepared' | 'stepped';

interface Told {
  readonly what: Happening;
  readonly at: Waited;
}

/** Steps of each run that are taken before Reset. */
const steps = 4;

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const trials = Math.round(numberFlag(parsed, 'trials', 3, 1, 100));
  const preset = parsed.get('preset') ?? 'default';
  const methods = parsed.get('methods') ?? 'sds,vsd';
  presetOf(preset);
  for (const id of methods.split(',')) methodOf(id);
  say('building the page');
  const server = await servePage();
  const found: Started[][] = [];
  try {
    for (let trial = 0; trial < trials; trial++) {
      say(`page ${trial + 1} of ${trials}`);
      const choices = new URLSearchParams({ prompt: 'a chair', method: methods, preset });
      // A browser for each page: what another page compiled must not be at hand.
      const browser = await launchChromium(parsed.has('hardware') ? 'hardware' : 'software');
      const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
      found.push(await startTwice(page, `${server.url}#${choices}`, methods.split(',').length));
      await browser.close();
    }
  } finally {
    await server.close();
  }
  const [first, second] = [0, 1].map((run) => medians(found.map((trial) => trial[run]!)));
  if (json) process.stdout.write(`${JSON.stringify({ preset, methods, found }, null, 1)}\n`);
  else process.stdout.write(`${table(`${preset}, ${methods}`, first!, second!).join('\n')}\n`);
}

/** @param runs that the address names. */
async function startTwice(page: Page, address: string, runs: number): Promise<Started[]> {
  const told: Told[] = [];
  page.setDefaultTimeout(0);
  await page.exposeFunction('tell', async (what: Happening, milliseconds: number) => {
    told.push({ what, at: { clock: milliseconds / 1000, processor: await childrensSeconds() } });
  });
  await page.addInitScript(watch);
  await page.goto(address);
  await page.locator('#status span').first().waitFor();
  const found: Started[] = [];
  for (const seed of ['7', '8']) {
    await page.fill('#seed', seed);
    await page.locator('#seed').press('Tab');
    told.length = 0;
    await page.click('#start');
    while (told.filter(({ what }) => what === 'stepped').length < steps * runs) {
      await page.waitForTimeout(200);
    }
    found.push(startedOf(told, runs));
    await page.click('#reset');
    await page.locator('#start', { hasText: /^Start$/ }).waitFor();
  }
  return found;
}

/** Runs in the page before its own scripts: tells what goes to the engine and what comes back. */
function watch(): void {
  const tell = (what: Happening) =>
    (window as unknown as { tell(...told: unknown[]): void }).tell(what, performance.now());
  const { Worker } = window;
  window.Worker = class extends Worker {
    constructor(address: string | URL, options?: WorkerOptions) {
      super(address, options);
      this.addEventListener('message', ({ data }: MessageEvent<Report>) => {
        if (data.type === 'session' && data.state === 'training') tell('prepared');
        if (data.type === 'step') tell('stepped');
      });
    }
  };
  const { postMessage } = Worker.prototype;
  Worker.prototype.postMessage = function (this: Worker, ...sent: unknown[]) {
    if ((sent[0] as { type?: string }).type === 'start') tell('clicked');
    return Reflect.apply(postMessage, this, sent);
  };
}

function startedOf(told: readonly Told[], runs: number): Started {
  const of = (what: Happening) => told.filter((one) => one.what === what).map(({ at }) => at);
  const [clicked] = of('clicked');
  const [prepared] = of('prepared');
  const stepped = of('stepped');
  const rounds = steps - 1;
  const round = between(stepped[runs - 1]!, stepped[runs * steps - 1]!);
  return {
    prepared: between(clicked!, prepared!),
    stepped: between(clicked!, stepped[0]!),
    step: { clock: round.clock / rounds / runs, processor: round.processor / rounds / runs },
  };
}

const between = (from: Waited, to: Waited): Waited => ({
  clock: to.clock - from.clock,
  processor: to.processor - from.processor,
});

function medians(trials: readonly Started[]): Started {
  const of = (part: keyof Started): Waited => ({
    clock: median(trials.map((trial) => trial[part].clock)),
    processor: median(trials.map((trial) => trial[part].processor)),
  });
  return { prepared: of('prepared'), stepped: of('stepped'), step: of('step') };
}

/** The upper one of two in the middle. */
const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[values.length >> 1]!;

function table(name: string, first: Started, second: Started): string[] {
  const cell = ({ clock, processor }: Waited) => `${clock.toFixed(2)} (${processor.toFixed(2)})`;
  const row = (which: string, { prepared, stepped, step }: Started) =>
    `| ${[which, cell(prepared), cell(stepped), cell(step)].join(' | ')} |`;
  return [
    `${name}: seconds (processor seconds)`,
    '',
    '| runs | prepared | first step | a later step |',
    '| --- | --- | --- | --- |',
    row('first', first),
    row('second', second),
  ];
}
