import { expect, test } from 'vitest';
import { makeSettings } from '../../src/settings';
import { Plan } from '../../src/train/plan';
import { manifestOf } from './parts';

const scales = (interval: readonly [number, number] | undefined, limited = true) => {
  const manifest = manifestOf(8, { guidance: { scale: 4, ...(interval && { interval }) } });
  const settings = makeSettings({
    prompt: 'a cube',
    method: 'sds',
    steps: 40,
    guidance: { scale: 7, limited, minTimestep: 0.02, maxTimestep: 0.98 },
  });
  const plan = new Plan(settings, manifest);
  return Array.from({ length: 40 }, (_, step) => {
    const { levels, now } = plan.at(step);
    return { timestep: levels.cfg.timestep, scale: now.guidance.scale };
  });
};

test('a step is guided within the interval of the prior, and nowhere else', () => {
  const drawn = scales([450, 700]);
  for (const { timestep, scale } of drawn) {
    expect(scale).toBe(timestep >= 450 && timestep <= 700 ? 7 : 1);
  }
  expect(new Set(drawn.map(({ scale }) => scale)).size).toBe(2);
});

test('without an interval, or where it is not heeded, every step is guided', () => {
  for (const drawn of [scales(undefined), scales([450, 700], false)]) {
    expect(drawn.every(({ scale }) => scale === 7)).toBe(true);
  }
});
