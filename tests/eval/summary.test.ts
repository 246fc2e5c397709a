import { expect, test } from 'vitest';
import type { CellResult } from '../../src/eval/cell';
import { reportPage } from '../../src/eval/report_page';
import { meanOf, type Report, summarise } from '../../src/eval/summary';

const cell = (change: Partial<CellResult>): CellResult => ({
  prompt: 'a tree',
  method: 'sds',
  seed: 1,
  model: 'tiny',
  rank: 0,
  captions: 100,
  logShare: -1,
  colour: null,
  frontBack: { overlap: 1, likeness: 0.5 },
  edgeWidth: 2,
  halfTransparent: 0.1,
  colourNoise: 0.01,
  saturated: 0.1,
  variance: [],
  embedding: [1, 0],
  steps: 10,
  seconds: { processor: 5, wall: 6 },
  calls: 20,
  ...change,
});

test('a mean leaves out what is not known, and says how sure it is', () => {
  expect(meanOf([1, null, 3, Number.NaN])).toEqual({ mean: 2, error: 1, count: 2 });
  expect(meanOf([true, false, true, true])?.mean).toBe(0.75);
  expect(meanOf([4])).toEqual({ mean: 4, error: null, count: 1 });
  expect(meanOf([null])).toBeNull();
});

test('a summary of each method: ranks as shares, diversity between the seeds of one prompt', () => {
  const [sds, prior] = summarise([
    cell({ seed: 1, rank: 0, embedding: [1, 0], colour: true }),
    cell({ seed: 2, rank: 4, embedding: [0, 1], colour: false }),
    cell({ prompt: 'a car', rank: 7, variance: [{ step: 1, value: 0.5 }] }),
    cell({ method: 'prior', edgeWidth: null }),
  ]);
  expect(sds).toMatchObject({ method: 'sds', cells: 3, calls: { mean: 20, count: 3 } });
  expect(sds!.top1?.mean).toBeCloseTo(1 / 3);
  expect(sds!.top5?.mean).toBeCloseTo(2 / 3);
  expect(sds!.colour).toMatchObject({ mean: 0.5, count: 2 });
  expect(sds!.diversity).toEqual({ mean: 1, error: null, count: 1 });
  expect(sds!.variance).toMatchObject({ mean: 0.5, count: 1 });
  expect(prior).toMatchObject({ method: 'prior', edgeWidth: null, diversity: null });
});

test('the page holds all it needs, whatever a prompt says', () => {
  const cells = [{ ...cell({ prompt: 'a </script><b>tree $& $1' }), folder: 'a/sds-1' }];
  const accuracy = { objects: 107, captions: 100, views: 8, top1: 0.6, top5: 0.8 };
  const report: Report = {
    limbeck: '0.1.0',
    command: 'npm run evaluate',
    model: 'tiny',
    scorer: { id: 'scorer', sha256: '0', accuracy },
    methods: summarise(cells),
    cells,
    failures: [],
  };
  const page = reportPage(report, { 'a/sds-1': 'data:image/png;base64,AAAA' });
  expect(page.match(/<\/script>/g)).toHaveLength(2);
  const data = /<script id="data"[^>]*>(.*)<\/script>/.exec(page)?.[1];
  expect(JSON.parse(data!)).toEqual({
    report,
    pictures: { 'a/sds-1': 'data:image/png;base64,AAAA' },
  });
});
