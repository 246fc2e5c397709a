import { expect, test } from 'vitest';
import type { StepReport } from '../../src/protocol/reports';
import { makeSettings, type PartialSettings } from '../../src/settings';
import { drawnWords } from '../../src/ui/engine_info';

const report = (dm: number, cfg: number) =>
  ({
    act: 'distil',
    camera: { azimuth: -90, elevation: 20.4 },
    timesteps: { dm, cfg },
  }) as StepReport;
const words = (...runs: readonly PartialSettings[]) =>
  drawnWords(
    report(700, 700),
    runs.map((run) => makeSettings({ prompt: 'a house', method: 'sds' }, run)),
  );

test('what the seed drew is said of all runs that share it', () => {
  expect(words({})).toBe('From the seed: camera 270° around and 20° up, noise level 700');
  expect(words({}, { method: 'vsd' })).toMatch(/^Same for both: camera/);
  expect(words({}, { method: 'vsd' }, { guidance: { threshold: false } })).toMatch(
    /^Same for all:/,
  );
  expect(drawnWords(report(700, 300), [])).toMatch(/noise level 700 and 300$/);
});

test('of views that are drawn nothing is said: each method draws its own', () => {
  const drawn = { act: 'draw', camera: { azimuth: 0, elevation: 15 }, timestep: 700 };
  expect(drawnWords(drawn as StepReport, [])).toBe('');
});

test('of runs that draw apart nothing is said', () => {
  expect(words({}, { seed: 2 })).toBe('');
  expect(words({}, {}, { guidance: { minTimestep: 0.1 } })).toBe('');
});
