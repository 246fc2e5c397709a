import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Cell } from '../../eval/cell';
import { type Claim, claims, type Variant, variants } from '../../eval/claims';
import { type ProbeRecord, probe } from '../../eval/probe';
import { meanOf, summarise } from '../../eval/summary';
import type { RetrievalFiles } from '../../retrieval/files';
import { say } from '../machine';
import { Output } from '../output';
import { ProgressLine } from '../progress_line';
import { inThisProcess } from './attempts';
import { type Job, Maker } from './maker';
import { cellOptionsOf, type EvaluateOptions, type GridOptions } from './options';
import type { AskedPrompt } from './prompts';
import { folderOfCell, GridStore } from './store';
import { accuracyWords, type NamedSummary, tableInMarkdown, tableOf } from './table';

/** Checks what the literature claims: gradients at one θ, and objects made in ways that differ in one respect. */
export async function checkClaims(
  options: EvaluateOptions,
  prompts: readonly AskedPrompt[],
  judge: RetrievalFiles,
): Promise<void> {
  const { grid, machine } = options;
  const maker = new Maker(machine, judge);
  const records = await probed(options, prompts, maker);
  const found = await made(options, prompts, judge, maker);
  await maker.dispose();
  const text = [
    ...gradientSections(records),
    ...claims.map((claim) => section(claim, found)),
    accuracyWords(judge.manifest),
  ].join('\n\n');
  const output = await Output.open(grid.out);
  await output.write('claims.md', `${text}\n`);
  const summaries = [...found.values()];
  await output.write('claims.json', `${JSON.stringify({ records, summaries }, null, 1)}\n`);
  process.stdout.write(`${text}\n`);
  say(`claims.md and claims.json are in ${grid.out}`);
}

/** A probe of each prompt and seed, kept as soon as it is there. */
async function probed(
  { grid, machine }: EvaluateOptions,
  prompts: readonly AskedPrompt[],
  maker: Maker,
): Promise<ProbeRecord[]> {
  const folder = join(grid.out, 'probe');
  const { settings, draws } = grid;
  await GridStore.open(folder, { model: machine.model, scorer: '', options: { settings, draws } });
  const records: ProbeRecord[] = [];
  for (const { prompt, seed } of each(prompts, grid)) {
    const place = folderOfCell({ prompt, method: 'vsd', seed });
    const before = await readFile(join(folder, place, 'probe.json'), 'utf8').catch(() => undefined);
    if (before) {
      records.push(...JSON.parse(before));
      continue;
    }
    say(`gradients of VSD and SDS at one place: ${prompt}, seed ${seed}`);
    const engine = await maker.engine(machine.model);
    const made = await probe(engine, { prompt, seed, settings, draws });
    const output = await Output.open(join(folder, place));
    await output.write('probe.json', `${JSON.stringify(made, null, 1)}\n`);
    records.push(...made);
  }
  return records;
}

/** All variants of a seed and a prompt before the next: what is stopped early has fewer of each. */
const each = (prompts: readonly AskedPrompt[], { seeds }: Pick<GridOptions, 'seeds'>) =>
  seeds.flatMap((seed) => prompts.map((asked) => ({ ...asked, seed })));

/** What each variant's objects are like; a grid of its own for each. */
async function made(
  { grid, machine }: EvaluateOptions,
  prompts: readonly AskedPrompt[],
  judge: RetrievalFiles,
  maker: Maker,
): Promise<Map<Variant, NamedSummary>> {
  const scorer = judge.manifest.files.network.sha256;
  const jobOf = (variant: Variant, of: Omit<Cell, 'method'>): Job => ({
    cell: { ...of, method: variant.method },
    options: cellOptionsOf({ ...grid, settings: [...grid.settings, variant.settings], draws: 0 }),
    ...{ model: machine.model, scorer },
  });
  const bar = new ProgressLine(
    process.stderr,
    variants.length * prompts.length * grid.seeds.length,
    0,
  );
  let done = 0;
  const stores = new Map<Variant, GridStore>();
  for (const variant of variants) {
    const { options, model } = jobOf(variant, { prompt: '', seed: 0 });
    const folder = join(grid.out, variant.id);
    stores.set(variant, await GridStore.open(folder, { model, scorer, options }));
  }
  for (const of of each(prompts, grid)) {
    for (const [variant, store] of stores) {
      const job = jobOf(variant, of);
      const words = `${of.prompt}, ${variant.name}, seed ${of.seed}`;
      if (!(await store.result(job.cell))) {
        await inThisProcess((each) => maker.make(each))([job], {
          made: (_, product) => store.save(product),
          failed: ({ message }) => {
            say(`${words} failed: ${message}`);
            process.exitCode = 1;
          },
        });
      }
      bar.show(++done, words);
    }
  }
  const found = new Map<Variant, NamedSummary>();
  for (const [variant, store] of stores) {
    const cells = each(prompts, grid).map((of) => store.result({ ...of, method: variant.method }));
    const results = (await Promise.all(cells)).filter((result) => result !== undefined);
    const [summary] = summarise(results);
    if (summary) found.set(variant, { ...summary, method: variant.name });
  }
  return found;
}

const section = ({ says, source, variants }: Claim, found: ReadonlyMap<Variant, NamedSummary>) =>
  `### ${says}\n\n${source}\n\n${tableOf(variants.flatMap((v) => found.get(v) ?? []))}`;

/** What the gradients say, a row for each noise level: means over prompts, seeds and places along the run. */
function gradientSections(records: readonly ProbeRecord[]): string[] {
  const levels = [...new Set(records.map(({ level }) => level))].sort((a, b) => a - b);
  const mean = (level: number, of: (record: ProbeRecord) => number) =>
    meanOf(records.filter((record) => record.level === level).map(of))?.mean ?? Number.NaN;
  const table = (titles: readonly string[], columns: readonly ((r: ProbeRecord) => number)[]) =>
    tableInMarkdown([
      ['τ / T', ...titles],
      ...levels.map((level) => [
        String(level),
        ...columns.map((of) => mean(level, of).toPrecision(2)),
      ]),
    ]);
  const scales = records[0]?.variance.map(({ scale }) => scale) ?? [];
  const variances = scales.flatMap((scale, i) => [
    { title: `VSD/SDS, s = ${scale}`, of: (r: ProbeRecord) => r.variance[i]!.ratio },
    { title: `SDS, s = ${scale}`, of: (r: ProbeRecord) => r.variance[i]!.relative.sds },
    { title: `VSD, s = ${scale}`, of: (r: ProbeRecord) => r.variance[i]!.relative.vsd },
  ]);
  return [
    "### VSD's gradient varies less than that of SDS\n\nE|g − E g|² of VSD over that of SDS at the same views, and " +
      'that of each over its E|g|².\n\n' +
      table(
        variances.map(({ title }) => title),
        variances.map(({ of }) => of),
      ),
    '### Guidance dominates SDS at a high scale\n\nSizes relative to |ε_φ(y) − ε_φ(∅)|, which counts s − 1 times, and ' +
      'how much of that is coarse.\n\n' +
      table(
        ['∣ε_φ − ε∣, SDS', '∣ε_φ − ε_ψ∣, VSD', 'coarse share', 'of white noise'],
        [
          ({ matching }) => matching.sds,
          ({ matching }) => matching.vsd,
          ({ coarse }) => coarse,
          ({ white }) => white,
        ],
      ),
  ];
}
