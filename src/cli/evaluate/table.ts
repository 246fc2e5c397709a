import type { Mean, MethodSummary } from '../../eval/summary';
import type { RetrievalManifest } from '../../retrieval/manifest';

/** How far a judge can be trusted, in a sentence. */
export function accuracyWords({
  name,
  accuracy,
}: Pick<RetrievalManifest, 'name' | 'accuracy'>): string {
  const { objects, captions, views, top1, top5 } = accuracy;
  return (
    `${name}: finds the caption of real held-out objects in ${percent(top1)} of ${objects} cases, ` +
    `among its first five in ${percent(top5)} (${captions} captions, ${views} views).`
  );
}

const percent = (share: number) => `${(100 * share).toFixed(1)} %`;

/** What objects that were made in one way are like. */
export type NamedSummary = Omit<MethodSummary, 'method'> & { readonly method: string };

type Column = readonly [title: string, of: (summary: NamedSummary) => string];

const number = (mean: Mean | null, digits: number) => (mean ? mean.mean.toFixed(digits) : '–');
const share = (mean: Mean | null) => (mean ? `${(100 * mean.mean).toFixed(0)} %` : '–');

const columns: readonly Column[] = [
  ['method', ({ method }) => method],
  ['objects', ({ cells }) => String(cells)],
  ['top-1', ({ top1 }) => share(top1)],
  ['top-5', ({ top5 }) => share(top5)],
  ['ln p', ({ logShare }) => number(logShare, 2)],
  ['colour', ({ colour }) => share(colour)],
  ['edge px', ({ edgeWidth }) => number(edgeWidth, 2)],
  ['half tr.', ({ halfTransparent }) => number(halfTransparent, 3)],
  ['noise', ({ colourNoise }) => number(colourNoise, 4)],
  ['saturated', ({ saturated }) => share(saturated)],
  ['f/b like', ({ frontBackLikeness }) => number(frontBackLikeness, 2)],
  ['diverse', ({ diversity }) => number(diversity, 3)],
  ['var g', ({ variance }) => number(variance, 3)],
  ['proc s', ({ processorSeconds }) => number(processorSeconds, 0)],
  ['calls', ({ calls }) => number(calls, 0)],
];

/** Methods and their means as a table in Markdown, for a terminal and a document alike. */
export const tableOf = (methods: readonly NamedSummary[]): string =>
  tableInMarkdown([
    columns.map(([title]) => title),
    ...methods.map((m) => columns.map(([, of]) => of(m))),
  ]);

/** Rows of cells, the first its head, as a table in Markdown. */
export function tableInMarkdown(rows: readonly (readonly string[])[]): string {
  const [head, ...body] = rows;
  const widths = head!.map((_, i) => Math.max(...rows.map((row) => row[i]!.length)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(' | ')} |`;
  const rule = widths.map((width, i) =>
    i === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`,
  );
  return [line(head!), line(rule), ...body.map(line)].join('\n');
}
