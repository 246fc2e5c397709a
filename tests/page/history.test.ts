import { expect, test } from 'vitest';
import type { StepReport } from '../../src/protocol/reports';
import { History } from '../../src/ui/history';

const report = (step: number, views: number): StepReport => ({
  act: 'distil',
  step,
  camera: { azimuth: 0, elevation: 15 },
  calls: 2,
  saturations: 0,
  milliseconds: { denoiser: 1, generator: 2, rest: 3 },
  timesteps: { dm: 900 - step, cfg: 800 },
  terms: { dm: 1, cfg: 2 },
  gradientNorms: { views },
  fake: null,
});

test('steps become columns, and a table with a line for each', () => {
  const history = new History();
  for (const [step, views] of [1, 3, 5].entries()) history.add(report(step, views));
  expect(history.column('timestep')).toEqual([900, 899, 898]);
  expect(history.column('gradient_variance')).toEqual([null, 2, 4]);
  expect(history.has('fake_loss')).toBe(false);
  expect(history.total('calls')).toBe(6);
  const [header, first, ...others] = history.csv.trim().split('\n');
  expect(header).toMatch(/^step,timestep,/);
  expect(first!.split(',')).toHaveLength(header!.split(',').length);
  expect(others).toHaveLength(2);
});

test('a run that goes on from a checkpoint tells its steps anew', () => {
  const history = new History();
  for (let step = 0; step < 5; step++) history.add(report(step, step));
  history.add(report(2, 7));
  expect(history.steps).toEqual([0, 1, 2]);
  expect(history.column('gradient')).toEqual([0, 1, 7]);
});

test('another act of a step leaves the measures of distillation open', () => {
  const history = new History();
  history.add({ ...report(0, 1), act: 'fit', loss: 0.5, gradientNorms: {} } as StepReport);
  expect(history.column('gradient')).toEqual([null]);
  expect(history.column('fit_loss')).toEqual([0.5]);
});
