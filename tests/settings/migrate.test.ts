import { describe, expect, test } from 'vitest';
import { recordedSettings, settingsOfRecord } from '../../src/cli/fit_options';
import { fitSettings } from '../../src/fit/fit';
import { makeSettings, migrated } from '../../src/settings';
import { writeCheckpoint } from '../../src/train/checkpoint';
import { checkpointSettings } from '../../src/train/run';
import checkpoint from './fixtures/checkpoint.json';
import fitRun from './fixtures/fit_run.json';

describe('of the version before weights of losses had a group', () => {
  const written = JSON.parse(checkpoint.settings);

  test("a checkpoint's settings are those of the same run now", () => {
    expect(checkpointSettings(writeCheckpoint({}, checkpoint))).toEqual(
      makeSettings({ prompt: 'a chair', method: 'vsd', seed: 7, steps: 50, mesh: { texture: 0 } }),
    );
  });

  test('what was changed stays changed', () => {
    const changed = {
      ...written,
      guidance: { ...written.guidance, matching: 0.5 },
      optim: { ...written.optim, sparsity: 0.25, opaque: 0, nearness: [0, 1, 2, 1] },
    };
    const settings = makeSettings(migrated(changed));
    expect(settings.guidance.lambdaDm).toBe(0.5);
    expect(settings.loss).toEqual({ sparsity: 0.25, opaque: 0, nearness: [0, 1, 2, 1] });
  });

  test("a fit's record is that of the same fit now", () => {
    expect(settingsOfRecord(fitRun.settings, 'chair')).toEqual(
      recordedSettings(fitSettings({ prompt: 'chair', steps: 100, mesh: { texture: 0 } })),
    );
  });
});

test('settings of today stay as they are', () => {
  const settings = makeSettings({ prompt: 'a chair', method: 'vsd', loss: { opaque: 0.2 } });
  expect(makeSettings(migrated(JSON.parse(JSON.stringify(settings))))).toEqual(settings);
});

test.each([
  [{ prompt: 'a chair', optim: { momentum: 1 } }, /'optim.momentum' is unknown/],
  [{ prompt: 'a chair', optim: { opaque: -1 } }, /'loss.opaque' takes/],
  [[1, 2], /not an object/],
  [null, /not an object/],
])('%j is refused with the reason', (written, message) => {
  expect(() => makeSettings(migrated(written))).toThrow(message);
});
