/**
 * ONNX's own node tests: no wrong shape, value or gradient, no crash. `npm run test:onnx` makes them and runs all;
 * `npm test` runs a part where they are made.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { loadNodeTests } from './node_tests/cases';
import { type Judgement, judge } from './node_tests/judge';
import { writeReport } from './node_tests/report';

const whole = process.env.ONNX_NODE_TESTS === 'all';
const suite = await loadNodeTests();
const CHUNK = 64;

/** Every so many of them is run by `npm test`. */
const SHARE = 16;

describe.skipIf(!suite)('ONNX node tests', () => {
  const cases = suite?.cases.filter((_, i) => whole || i % SHARE === 0) ?? [];
  const judged: Judgement[] = [];
  let skipped = 0;
  const chunks = Array.from({ length: Math.ceil(cases.length / CHUNK) }, (_, i) =>
    cases.slice(i * CHUNK, (i + 1) * CHUNK),
  );

  test.each(chunks.map((chunk) => [chunk[0]!.name, chunk] as const))(
    'from %s on',
    async (_, chunk) => {
      const bad: string[] = [];
      for (const one of chunk) {
        const found = await judge(one);
        if (!found) {
          skipped++;
          continue;
        }
        judged.push(found);
        const { name, shapes, values, gradients, note } = found;
        for (const verdict of [shapes, values]) {
          if (verdict === 'wrong' || verdict === 'crash') bad.push(`${name} ${verdict}: ${note}`);
        }
        for (const gradient of gradients) {
          if (gradient.verdict === 'wrong' || gradient.verdict === 'crash') {
            bad.push(`${name} by ${gradient.input} ${gradient.verdict}: ${gradient.note}`);
          }
        }
      }
      expect(bad).toEqual([]);
    },
    900_000,
  );

  test('are most of them right', () => {
    const shapes = judged.filter((j) => j.shapes === 'right').length;
    const gradients = judged.flatMap((j) => j.gradients.map((gradient) => gradient.verdict));
    expect(shapes / judged.length).toBeGreaterThan(0.5);
    expect(gradients.filter((v) => v === 'right').length / gradients.length).toBeGreaterThan(0.5);
  });

  afterAll(() => {
    if (whole && suite) writeReport(suite.version, judged, skipped);
  });
});
