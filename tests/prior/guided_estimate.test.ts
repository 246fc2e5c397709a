import { expect, test } from 'vitest';
import { held, rescaled } from '../../src/prior/guided_estimate';
import { draws } from '../points';

const shape = { views: 2, channels: 4, resolution: 3 };
const plane = shape.resolution ** 2;
const words = shape.views * shape.channels * plane;
const values = Float32Array.from(draws(words, 700), (x) => 2 * x);

/** All views' values of a channel. */
const channelOf = (of: Float32Array, channel: number, channels = shape.channels) =>
  [...of].filter((_, i) => Math.floor(i / plane) % channels === channel);

test('values are held to [-1, 1], and colours to their own alpha', () => {
  const found = held(values, shape);
  for (let i = 0; i < words; i++) {
    const channel = Math.floor(i / plane) % 4;
    const alpha = found[i + (3 - channel) * plane]!;
    expect(found[i]).toBeGreaterThanOrEqual(-1);
    expect(found[i]).toBeLessThanOrEqual(alpha);
    const range = channel < 3 ? alpha : 1;
    if (values[i]! >= -1 && values[i]! <= range) expect(found[i]).toBe(values[i]);
  }
  expect(held(found, shape)).toEqual(found);
});

test('without alpha colours are held to [-1, 1] alone', () => {
  const rgb = { ...shape, channels: 3 };
  const some = values.subarray(0, 2 * 3 * plane);
  expect(held(some, rgb)).toEqual(some.map((x) => Math.max(-1, Math.min(1, x))));
});

test('rescaled colours have the mean and the deviation of the unguided ones; alpha stays', () => {
  const unguided = Float32Array.from(draws(words, 701), (x, i) => 0.2 + (i % 5) * 0.1 * x);
  const [all, half] = [
    rescaled(values, unguided, 1, shape),
    rescaled(values, unguided, 0.5, shape),
  ];
  const spread = (of: readonly number[]) => {
    const mean = of.reduce((sum, x) => sum + x, 0) / of.length;
    return [mean, Math.sqrt(of.reduce((sum, x) => sum + (x - mean) ** 2, 0) / of.length)];
  };
  for (const channel of [0, 1, 2]) {
    const [mean, deviation] = spread(channelOf(all, channel));
    const wanted = spread(channelOf(unguided, channel));
    expect(mean).toBeCloseTo(wanted[0]!, 5);
    expect(deviation).toBeCloseTo(wanted[1]!, 5);
  }
  expect(channelOf(all, 3)).toEqual(channelOf(values, 3));
  half.forEach((x, i) => {
    expect(x).toBeCloseTo((all[i]! + values[i]!) / 2, 5);
  });
  expect(rescaled(values, unguided, 0, shape)).toBe(values);
});
