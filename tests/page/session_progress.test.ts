import { expect, test } from 'vitest';
import type { Report, RunId, RunState } from '../../src/protocol/messages';
import { makeSettings } from '../../src/settings';
import { SessionProgress } from '../../src/ui/session_progress';

const settings = makeSettings({ prompt: 'a house', steps: 10 });
const ready: Report = {
  type: 'ready',
  info: { adapter: 'a', software: true, denoiser: 'd', model: 'm' },
};
const run = (id: RunId, state: RunState, step: number): Report => ({
  type: 'run',
  run: id,
  state,
  settings,
  changes: [],
  step,
});
const step = (id: RunId, index: number): Report => ({
  type: 'step',
  run: id,
  report: {
    step: index,
    camera: { azimuth: 0, elevation: 0 },
    act: 'distil',
    calls: 2,
    timesteps: { dm: 1, cfg: 1 },
    terms: { dm: 1, cfg: 1 },
    gradientNorms: { views: 1, table: 1, mlp: 1 },
    fake: null,
    saturations: 0,
    milliseconds: { denoiser: 1, generator: 1, rest: 1 },
  },
});

test('while the model comes, the bar counts its bytes', () => {
  const session = new SessionProgress();
  expect(session.words).toMatchObject({ share: undefined, what: 'Opening the engine…' });
  session.hear({ type: 'download', file: 'a', received: 1e6, total: 3e6 }, 0);
  session.hear({ type: 'download', file: 'b', received: 1e6, total: 1e6 }, 0);
  expect(session.words).toMatchObject({
    share: 0.5,
    what: 'Downloading the model: 2.0 of 4.0 MB',
  });
  session.hear({ type: 'download', file: 'a', received: 3e6, total: 3e6 }, 1);
  expect(session.words.what).toBe('Preparing the model…');
});

test('two runs count together, and the time left follows their pace', () => {
  const session = new SessionProgress();
  session.hear(ready, 0);
  session.expect();
  expect(session.words.share).toBeUndefined();
  session.hear(run('sds', 'training', 0), 0);
  session.hear(run('vsd', 'training', 0), 0);
  session.hear({ type: 'session', state: 'training' }, 0);
  session.hear(step('sds', 0), 1);
  session.hear(step('vsd', 0), 3);
  session.hear(step('sds', 1), 5);
  // Three of twenty done, one every two seconds: seventeen to go.
  expect(session.words).toEqual({ share: 0.15, what: 'Step 1 of 10', left: '0:34 left' });
  session.hear({ type: 'session', state: 'paused' }, 6);
  expect(session.words.left).toBe('paused');
});

test('the end is told apart from a stop', () => {
  const session = new SessionProgress();
  session.hear(ready, 0);
  session.hear(run('sds', 'finished', 10), 0);
  session.hear({ type: 'session', state: 'finished' }, 0);
  expect(session.words).toMatchObject({ share: 1, left: 'done' });
  session.hear(run('sds', 'failed', 4), 0);
  expect(session.words).toMatchObject({ share: 0.4, left: 'stopped' });
  session.hear(run('sds', 'ended', 4), 0);
  expect(session.runs.size).toBe(0);
});

const sample = (done: number): Report => ({
  type: 'sample',
  request: { prompt: 'a house', seed: 1 },
  step: done,
  steps: 2,
  image: { data: new Uint8ClampedArray(4), width: 1, height: 1 },
});

test('while a sample is drawn, runs are said to wait for it, and their pace is measured anew', () => {
  const session = new SessionProgress();
  session.hear(ready, 0);
  session.hear(run('sds', 'training', 0), 0);
  session.hear({ type: 'session', state: 'training' }, 0);
  session.hear(step('sds', 0), 1);
  session.hear(step('sds', 1), 2);
  expect(session.words.left).toBe('0:08 left');
  session.hear(sample(1), 60);
  expect(session.words).toMatchObject({ what: 'Step 2 of 10', left: 'waits for the sample' });
  session.hear(sample(2), 61);
  expect(session.words.left).toBe('');
  session.hear(step('sds', 2), 62);
  session.hear(step('sds', 3), 63);
  expect(session.words.left).toBe('0:06 left');
});

test('a sample that was closed is not waited for', () => {
  const session = new SessionProgress();
  session.hear(ready, 0);
  session.hear(run('sds', 'training', 0), 0);
  session.hear({ type: 'session', state: 'training' }, 0);
  session.hear(sample(1), 1);
  session.hear(step('sds', 0), 2);
  expect(session.words.left).toBe('');
});
