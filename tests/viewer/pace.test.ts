import fc from 'fast-check';
import { expect, test } from 'vitest';
import { nextSide, paceOf, pauseAfter, sideAtMost } from '../../src/viewer/pace';

const training = paceOf({ training: true, moving: false, software: true });
const still = paceOf({ training: false, moving: false, software: true });

test('a side is the largest there is below the wish', () => {
  expect(sideAtMost(500)).toBe(384);
  expect(sideAtMost(512)).toBe(512);
  expect(sideAtMost(9999)).toBe(1024);
  expect(sideAtMost(1)).toBe(48);
});

test('a picture that took too long shrinks by one size, a cheap one grows by what its area costs', () => {
  expect(nextSide(256, training.frame + 1, training, 1024)).toBe(192);
  // 0.6 of 80 ms is 48 ms: sixteen times 3 ms, four times the side.
  expect(nextSide(64, 3, training, 1024)).toBe(256);
  expect(nextSide(256, 48, training, 1024)).toBe(256);
});

test('no picture is larger than its canvas or too small to be seen', () => {
  expect(nextSide(256, 1, still, 400)).toBe(384);
  expect(nextSide(64, 10_000, training, 400)).toBe(64);
});

test('the next size is expected to stay within what a picture may take', () => {
  const side = fc.constantFrom(64, 96, 128, 192, 256, 384, 512);
  fc.assert(
    fc.property(side, fc.double({ min: 0.1, max: 5000, noNaN: true }), (from, milliseconds) => {
      const next = nextSide(from, milliseconds, training, 1024);
      if (next > from) {
        expect(milliseconds * (next / from) ** 2).toBeLessThanOrEqual(training.frame);
      }
    }),
  );
});

test('pictures take their share of the time and no more', () => {
  expect(pauseAfter(50, { ...training, share: 0.2 })).toBeCloseTo(200);
  expect(pauseAfter(50, { ...still, share: 1 })).toBe(0);
});

test('stills leave the page its half of a processor that draws both, and use a GPU at once', () => {
  const pause = (software: boolean) =>
    pauseAfter(80, paceOf({ training: false, moving: false, software }));
  expect(pause(true)).toBe(80);
  expect(pause(false)).toBe(0);
});

test.each([true, false])('a moving camera comes before training (software: %s)', (software) => {
  const pace = (moving: boolean) => paceOf({ training: true, moving, software });
  expect(pace(true).share).toBeGreaterThan(pace(false).share);
});
