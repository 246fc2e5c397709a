import packageJson from '../../../package.json';
import { LimbeckError } from '../../errors';
import { type Cell, priorMethod } from '../../eval/cell';
import { reportPage } from '../../eval/report_page';
import { type Failure, type Report, summarise } from '../../eval/summary';
import type { RetrievalFiles } from '../../retrieval/files';
import { makeSettings, most } from '../../settings';
import { judges, readJudge } from '../judges';
import { say } from '../machine';
import { ProgressLine } from '../progress_line';
import { cellWords, type Dispatch, inThisProcess } from './attempts';
import { checkClaims } from './claims';
import { Maker } from './maker';
import {
  cellOptionsOf,
  type EvaluateOptions,
  evaluateHelp,
  type GridOptions,
  parseEvaluateOptions,
} from './options';
import { type AskedPrompt, readPrompts } from './prompts';
import { dispatchThrough, work } from './queue';
import { folderOfCell, GridStore } from './store';
import { accuracyWords, tableOf } from './table';

/** `evaluate`: an object of every prompt by every method and seed, measured; or a worker for others' grids. */
export async function evaluate(args: readonly string[]): Promise<void> {
  const options = parseEvaluateOptions(args);
  if (options.help) {
    process.stdout.write(`${evaluateHelp()}\n`);
    return;
  }
  if (options.worker) {
    const maker = new Maker(options.machine, await readJudge(options.scorer));
    await work(options.queue!, options.patience, maker);
    return;
  }
  const { prompts, notes } = await readPrompts(options.grid.prompts);
  for (const note of notes) say(note);
  if (options.claims) return checkClaims(options, prompts, await readJudge(options.scorer));
  await runGrid(options, prompts, ['evaluate', ...args].join(' '));
}

async function runGrid(
  options: EvaluateOptions,
  prompts: readonly AskedPrompt[],
  command: string,
): Promise<void> {
  const { grid, machine, queue } = options;
  // Before anything is made: settings that do not fit would fail in every cell.
  makeSettings(...grid.settings, { prompt: prompts[0]!.prompt });
  const judge = await readJudge(options.scorer);
  const scorer = judge.manifest.files.network.sha256;
  await checkJudge(grid, scorer);
  say(accuracyWords(judge.manifest));
  const common = cellOptionsOf(grid);
  const store = await GridStore.open(grid.out, { model: machine.model, scorer, options: common });
  const cells = cellsOf(prompts, grid);
  const missing: Cell[] = [];
  for (const cell of cells) if (!(await store.result(cell))) missing.push(cell);
  const before = cells.length - missing.length;
  if (before > 0) say(`${before} of ${cells.length} objects are there already`);

  const failures: Failure[] = [];
  const jobs = missing.map((cell) => ({ cell, options: common, model: machine.model, scorer }));
  if (jobs.length > 0) {
    const bar = new ProgressLine(process.stderr, cells.length, before);
    let done = before;
    const maker = queue ? undefined : new Maker(machine, judge);
    const dispatch: Dispatch = queue
      ? dispatchThrough(queue)
      : inThisProcess((job) => maker!.make(job));
    await dispatch(jobs, {
      made: async (job, product) => {
        await store.save(product);
        bar.show(++done, cellWords(job));
      },
      failed: (failure) => {
        failures.push(failure);
        bar.show(++done, `${failure.prompt}, ${failure.method} failed`);
      },
    });
    await maker?.dispose();
  }
  await writeReport(store, cells, failures, { command, model: machine.model, judge });
}

/** @throws LimbeckError when a method of the grid climbs the network that is to judge. */
async function checkJudge({ methods, settings }: GridOptions, scorer: string): Promise<void> {
  const climbs = methods.find(
    (method) =>
      method !== priorMethod &&
      most(makeSettings(...settings, { prompt: 'a cube', method }).reward.weight) > 0,
  );
  if (!climbs) return;
  const { files } = (await readJudge(judges.reward)).manifest;
  if (files.network.sha256 !== scorer) return;
  throw new LimbeckError(
    `${climbs} climbs the network that is to judge: its figures would say nothing.`,
    'Give another with --scorer, or leave that method out.',
  );
}

/** All of a prompt's before the next prompt's: a grid that is stopped early is one of fewer prompts. */
const cellsOf = (
  prompts: readonly AskedPrompt[],
  { methods, seeds }: Pick<GridOptions, 'methods' | 'seeds'>,
): Cell[] =>
  prompts.flatMap((asked) =>
    methods.flatMap((method) => seeds.map((seed) => ({ ...asked, method, seed }))),
  );

interface Told {
  readonly command: string;
  readonly model: string;
  readonly judge: RetrievalFiles;
}

async function writeReport(
  store: GridStore,
  cells: readonly Cell[],
  failures: readonly Failure[],
  { command, model, judge }: Told,
): Promise<void> {
  const stored: Report['cells'][number][] = [];
  const pictures: Record<string, string> = {};
  for (const cell of cells) {
    const result = await store.result(cell);
    if (!result) continue;
    const folder = folderOfCell(cell);
    stored.push({ ...result, folder });
    const png = Buffer.from(await store.picture(cell)).toString('base64');
    pictures[folder] = `data:image/png;base64,${png}`;
  }
  const { id, accuracy, files } = judge.manifest;
  const report: Report = {
    limbeck: packageJson.version,
    command: `npm run ${command.replace(' ', ' -- ')}`,
    model,
    scorer: { id, sha256: files.network.sha256, accuracy },
    methods: summarise(stored),
    cells: stored,
    failures,
  };
  await store.write('report.json', `${JSON.stringify(report, null, 1)}\n`);
  await store.write('report.html', reportPage(report, pictures));
  process.stdout.write(`${tableOf(report.methods)}\n${accuracyWords(judge.manifest)}\n`);
  for (const { prompt, method, seed, message } of failures) {
    say(`failed: ${prompt}, ${method}, seed ${seed}: ${message}`);
  }
  say(`report.json and report.html are in ${store.folder}`);
  if (failures.length > 0) process.exitCode = 1;
}
