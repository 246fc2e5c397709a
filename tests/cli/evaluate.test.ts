import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureProgram } from '../../scripts/setup/program.mjs';
import { adapterEnvironment } from '../../scripts/setup.mjs';
import type { Report } from '../../src/eval/summary';
import { writeTinyPrior } from '../prior/tiny_prior';
import { writeTinyRetrieval } from '../retrieval/tiny_retrieval';
import { freePort, TestRedis } from './redis';

let program: string;
let folder: string;
let scorer: string;
let model: string;

beforeAll(async () => {
  program = await ensureProgram();
  folder = await mkdtemp(join(tmpdir(), 'limbeck-evaluate-'));
  scorer = await writeTinyRetrieval(join(folder, 'tiny'));
  model = await writeTinyPrior(join(folder, 'prior'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Against hangs alone: ten times what an idle machine needs. */
const guard = 600_000;

const at = (...names: string[]) => join(folder, ...names);

interface Program {
  readonly child: ChildProcess;
  /** All that it has said. */
  text: string;
  /** Its exit status, once it has ended. */
  readonly ended: Promise<number | null>;
}

function start(args: readonly string[]): Program {
  // A worker takes the prior that each job names.
  const prior = args.includes('--worker') ? [] : ['--model', model];
  const child = spawn(process.execPath, [program, 'evaluate', ...prior, ...args], {
    env: { ...process.env, ...adapterEnvironment() },
  });
  const ended = new Promise<number | null>((done) => child.on('close', done));
  const made: Program = { child, text: '', ended };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (part) => {
      made.text += part;
    });
  }
  return made;
}

/** Resolves once a program has said a text. @throws Error when it ends without. */
async function says(program: Program, text: string): Promise<void> {
  while (!program.text.includes(text)) {
    if (program.child.exitCode !== null) throw new Error(program.text);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function run(...args: string[]): Promise<{ code: number | null; text: string }> {
  const started = start(args);
  return { code: await started.ended, text: started.text };
}

async function prompts(name: string, ...lines: string[]): Promise<string> {
  await writeFile(at(name), lines.join('\n'));
  return at(name);
}

const report = async (out: string): Promise<Report> =>
  JSON.parse(await readFile(at(out, 'report.json'), 'utf8'));

const samples = ['--methods', 'prior', '--sample-steps', '2'];

test(
  'a grid: every cell measured, and a report beside what the scorer is worth',
  async () => {
    const file = await prompts(
      'two.txt',
      'a red chair',
      '',
      '# said of trees',
      'a tree',
      'a red chair',
    );
    const tiny = ['--preset', 'tiny', '--steps', '10', '--draws', '2', '--sample-steps', '2'];
    const args = ['--prompts', file, '--methods', 'sds,prior', '--scorer', scorer, ...tiny];
    const first = await run(...args, '--out', at('grid'));
    expect(first.text).toContain('1 repeated line left out');
    expect(first.code).toBe(0);
    const { cells, methods, scorer: judge, failures } = await report('grid');
    expect(cells.map(({ prompt, method, seed }) => [prompt, method, seed])).toEqual([
      ['a red chair', 'sds', 1],
      ['a red chair', 'prior', 1],
      ['a tree', 'sds', 1],
      ['a tree', 'prior', 1],
    ]);
    expect(failures).toEqual([]);
    expect(methods.map(({ method, cells }) => [method, cells])).toEqual([
      ['sds', 2],
      ['prior', 2],
    ]);
    expect(judge.accuracy).toMatchObject({ objects: 107, top1: 0.5 });
    expect(first.text).toContain('in 50.0 % of 107 cases');
    const [distilled, sampled] = cells;
    expect(distilled).toMatchObject({ steps: 10, calls: 20, captions: 5 });
    expect(distilled!.variance.map(({ step }) => step)).toEqual([1, 3, 5, 7, 9]);
    for (const { value } of distilled!.variance) {
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(2);
    }
    expect(sampled).toMatchObject({ steps: 2, calls: 4, variance: [] });
    expect(sampled!.seconds.processor).toBeGreaterThan(0);
    const page = await readFile(at('grid', 'report.html'), 'utf8');
    expect(page.match(/data:image\/png;base64/g)).toHaveLength(4);
    expect(page).not.toMatch(/(src|href)="http/);

    // Again, with a prompt more: what is there is not made again.
    const kept = await readFile(at('grid', cells[0]!.folder, 'result.json'), 'utf8');
    await writeFile(file, 'a red chair\na tree\na house\n');
    const second = await run(...args, '--out', at('grid'));
    expect(second.text).toContain('4 of 6 objects are there already');
    expect((await report('grid')).cells).toHaveLength(6);
    expect(await readFile(at('grid', cells[0]!.folder, 'result.json'), 'utf8')).toBe(kept);

    const other = await run(...args, '--steps', '11', '--out', at('grid'));
    expect(other.text).toMatch(/holds a grid that was made with other settings/);
    expect(other.code).toBe(1);
  },
  guard,
);

test(
  '24 cells, three workers, one killed in the middle and Redis restarted: every cell once',
  async () => {
    const redis = await TestRedis.start(folder);
    const worker = () =>
      start(['--worker', '--queue', redis.url, '--scorer', scorer, '--patience', '10']);
    const workers = [worker(), worker(), worker()];
    // All wait before there is anything to do, so that each is given an object.
    await Promise.all(workers.map((waiting) => says(waiting, 'waiting for objects')));
    const names = Array.from({ length: 12 }, (_, i) => `a tree of ${i} apples`);
    const file = await prompts('queue.txt', ...names);
    const out = ['--out', at('queued')];
    const grid = start([
      '--prompts',
      file,
      ...samples,
      '--seeds',
      '2',
      '--scorer',
      scorer,
      '--queue',
      redis.url,
      ...out,
    ]);
    const made = async () => {
      const inside = await readdir(at('queued'), { recursive: true }).catch(() => []);
      return inside.filter((name) => name.endsWith('result.json')).length;
    };
    const reached = async (count: number) => {
      while ((await made()) < count) {
        const ended = [grid, ...workers].find(({ child }) => child.exitCode !== null);
        if (ended) throw new Error(ended.text);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    };
    await reached(4);
    const killed = workers.find(({ text }) => / done/.test(text))!;
    killed.child.kill('SIGKILL');
    await reached(8);
    await redis.stop();
    await redis.start();
    expect(await grid.ended).toBe(0);
    const { cells, failures } = await report('queued');
    expect(failures).toEqual([]);
    const distinct = new Set(cells.map(({ prompt, seed }) => `${prompt} ${seed}`));
    expect([cells.length, distinct.size, await made()]).toEqual([24, 24, 24]);

    const others = workers.filter((worker) => worker !== killed);
    for (const { child } of others) child.kill('SIGTERM');
    expect(await Promise.all(others.map(({ ended }) => ended))).toEqual([0, 0]);
    expect(others.some(({ text }) => / done/.test(text))).toBe(true);
    await redis.stop();
  },
  guard,
);

test(
  'a job that fails three times is reported, and the rest goes on',
  async () => {
    const redis = await TestRedis.start(folder);
    const other = await writeTinyRetrieval(at('other'));
    const manifest = JSON.parse(await readFile(join(other, 'manifest.json'), 'utf8'));
    const network = join(other, 'retrieval.onnx');
    // The same network under another hash: a trailing field that no reader knows.
    const bytes = Buffer.concat([await readFile(network), Buffer.from([0xf8, 0x3f, 0x00])]);
    await writeFile(network, bytes);
    const { createHash } = await import('node:crypto');
    manifest.files.network = {
      path: 'retrieval.onnx',
      bytes: bytes.length,
      sha256: createHash('sha256').update(bytes).digest('hex'),
    };
    await writeFile(join(other, 'manifest.json'), JSON.stringify(manifest));
    const worker = start(['--worker', '--queue', redis.url, '--scorer', other]);
    const file = await prompts('three.txt', 'a tree', 'a house');
    const { code, text } = await run(
      ...['--prompts', file, ...samples, '--scorer', scorer, '--queue', redis.url],
      ...['--out', at('failing')],
    );
    expect(code).toBe(1);
    expect(text).toMatch(/failed: a tree, prior, seed 1: The grid is judged by the scorer/);
    expect((await report('failing')).failures).toHaveLength(2);
    expect(worker.text.match(/a tree, prior, seed 1: The grid is judged/g)).toHaveLength(3);
    worker.child.kill('SIGTERM');
    await worker.ended;
    await redis.stop();
  },
  guard,
);

test(
  'claims: each checked, and what is there is not made again',
  async () => {
    const file = await prompts('claim.txt', 'a red chair');
    const quick = ['--generator', 'pixels', '--steps', '2', '--draws', '2'];
    const args = ['--claims', '--prompts', file, '--scorer', scorer, '--fake.updates', '1'];
    const claims = [...args, ...quick, '--sample-steps', '2', '--out', at('claims')];
    const first = await run(...claims);
    expect(first.code).toBe(0);
    const text = await readFile(at('claims', 'claims.md'), 'utf8');
    expect(text.match(/^### /gm)).toHaveLength(6);
    expect(text).toMatch(/\| SDS, s = 100 +\| +1 \|/);
    const { records, summaries } = JSON.parse(await readFile(at('claims', 'claims.json'), 'utf8'));
    expect([records.length, summaries.length]).toEqual([10, 10]);

    const second = await run(...claims);
    expect(second.text).not.toContain('gradients of VSD and SDS');
    expect(await readFile(at('claims', 'claims.md'), 'utf8')).toBe(text);
  },
  guard,
);

describe('bad input ends with a message and a code other than 0:', () => {
  const grid = async () => ['--prompts', await prompts('one.txt', 'a tree'), ...samples];

  test('prompts that cannot be read', async () => {
    const { code, text } = await run('--prompts', '/nowhere.txt');
    expect(text).toMatch(/\/nowhere.txt cannot be read.*Check --prompts/);
    expect(text).not.toMatch(/ at .*\.js:/);
    expect(code).toBe(1);
  });

  test('a setting that does not fit, before anything is made', async () => {
    const { code, text } = await run(
      ...(await grid()),
      '--guidance.scale',
      '-1',
      '--out',
      at('no'),
    );
    expect(text).toMatch(/guidance.scale/);
    expect(code).toBe(1);
    await expect(readdir(at('no'))).rejects.toThrow();
  });

  test('a scorer that is missing or another file', async () => {
    const missing = await run(...(await grid()), '--scorer', '/nowhere', '--out', at('no'));
    expect(missing.text).toMatch(/\/nowhere\/manifest.json cannot be read/);
    const damaged = await writeTinyRetrieval(at('damaged'));
    const bytes = await readFile(join(damaged, 'retrieval.onnx'));
    bytes[40]! ^= 1;
    await writeFile(join(damaged, 'retrieval.onnx'), bytes);
    const { code, text } = await run(...(await grid()), '--scorer', damaged, '--out', at('no'));
    expect(text).toMatch(/retrieval.onnx is not the file of its manifest/);
    expect(code).toBe(1);
  });

  test('a scorer that a method climbs', async () => {
    const climbing = ['--methods', 'sds,dmdr', '--scorer', 'reward', '--out', at('no')];
    const { code, text } = await run(
      '--prompts',
      await prompts('climb.txt', 'a tree'),
      ...climbing,
    );
    expect(text).toMatch(/dmdr climbs the network that is to judge.*Give another with --scorer/);
    expect(code).toBe(1);
  });

  test('a Redis that is not there, for a grid and for a worker', async () => {
    const url = `redis://127.0.0.1:${await freePort()}`;
    for (const args of [['--worker'], [...(await grid()), '--out', at('none')]]) {
      const { code, text } = await run(...args, '--scorer', scorer, '--queue', url);
      expect(text).toMatch(/There is no Redis at redis:\/\/127.0.0.1:\d+: .*ECONNREFUSED/);
      expect(code).toBe(1);
    }
  });
});
