/** The table of docs/onnx.md: what came of ONNX's node tests, operator by operator. */
import { readFileSync, writeFileSync } from 'node:fs';
import type { Judgement, Verdict } from './judge';

const page = new URL('../../../docs/onnx.md', import.meta.url);
const [begin, end] = ['<!-- the run writes from here -->', '<!-- to here -->'];

const count = (verdicts: readonly (Verdict | undefined)[], verdict: Verdict) =>
  verdicts.filter((v) => v === verdict).length;

const cell = (number: number) => (number === 0 ? '' : String(number));

/** A row: tests, shapes, values and gradients of an operator. */
function row(op: string, judged: readonly Judgement[]): string {
  const shapes = judged.map((j) => j.shapes);
  const values = judged.map((j) => j.values);
  const gradients = judged.flatMap((j) => j.gradients.map((gradient) => gradient.verdict));
  const numbers = [
    ...[judged.length, count(shapes, 'right'), count(shapes, 'refused')],
    ...[count(values, 'right'), count(values, 'incomparable')],
    ...[count(gradients, 'right'), count(gradients, 'refused'), count(gradients, 'incomparable')],
  ];
  return `| ${op} | ${numbers.map(cell).join(' | ')} |`;
}

/** Writes the table into the page, between its two marks. */
export function writeReport(version: string, judged: readonly Judgement[], skipped: number): void {
  const byOp = new Map<string, Judgement[]>();
  for (const judgement of judged) {
    const list = byOp.get(judgement.op) ?? [];
    byOp.set(judgement.op, [...list, judgement]);
  }
  const ops = [...byOp].sort(([a], [b]) => a.localeCompare(b, 'en'));
  const known = ops.filter(([, list]) => list.some((j) => j.shapes === 'right'));
  const refused = ops.filter(([, list]) => list.every((j) => j.shapes === 'refused'));
  const text = [
    begin,
    `${judged.length} tests of onnx ${version}; ${skipped} more have values that are no tensors of numbers.`,
    '',
    '| operator | tests | shapes right | refused | values right | no reference | gradients right | refused | no reference |',
    '| --- | --- | --- | --- | --- | --- | --- | --- | --- |',
    ...known.map(([op, list]) => row(op, list)),
    row('**all**', judged),
    '',
    'Refused by name, as no rule of inference knows them:',
    `${refused.map(([op]) => op).join(', ')}.`,
    end,
  ].join('\n');
  const before = readFileSync(page, 'utf8');
  const [head, tail] = [before.indexOf(begin), before.indexOf(end) + end.length];
  writeFileSync(page, before.slice(0, head) + text + before.slice(tail));
}
