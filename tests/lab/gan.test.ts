import * as ort from 'onnxruntime-node';
import { describe, expect, test } from 'vitest';
import { Gan } from '../../src/lab/networks/gan';
import {
  batch,
  discriminatorSizes,
  discriminatorStep,
  generatorSizes,
} from '../../src/lab/networks/gan_graphs';
import { ganLosses } from '../../src/lab/networks/gan_losses';
import { initialise, parameterCount } from '../../src/lab/networks/mlp';
import { GraphSession } from '../../src/lab/networks/session';
import { sample } from '../../src/lab/plane/mixture_fit';
import { targets } from '../../src/lab/plane/targets';
import { wasserstein1 } from '../../src/lab/plane/wasserstein';
import { normal } from '../../src/random';

const { asked } = targets.two.make();
const settings = { seed: 3, generatorRate: 2e-3, discriminatorRate: 4e-3 };

describe('W₁', () => {
  const lineAt = (x: number, seed: number) =>
    Float64Array.from({ length: 60 }, (_, i) => (i % 2 === 0 ? x : ((i >> 1) * 7 * seed) % 30));
  test('of two parallel lines is their distance', () => {
    for (const distance of [0, 0.1, 1, -2.5]) {
      expect(wasserstein1(lineAt(0, 1), lineAt(distance, 1))).toBeCloseTo(Math.abs(distance), 12);
    }
  });
  test('does not depend on the order, and is least over all of them', () => {
    const a = Float64Array.from({ length: 10 }, (_, i) => normal(1, 1, 1, i));
    const b = Float64Array.from({ length: 10 }, (_, i) => normal(1, 1, 2, i));
    const orders = (list: number[]): number[][] =>
      list.length === 0
        ? [[]]
        : list.flatMap((one) =>
            orders(list.filter((x) => x !== one)).map((rest) => [one, ...rest]),
          );
    const costs = orders([0, 1, 2, 3, 4]).map(
      (order) =>
        order.reduce(
          (sum, j, i) => sum + Math.hypot(a[2 * i]! - b[2 * j]!, a[2 * i + 1]! - b[2 * j + 1]!),
          0,
        ) / 5,
    );
    expect(wasserstein1(a, b)).toBeCloseTo(Math.min(...costs), 12);
  });
});

describe('GANs', () => {
  test.each(ganLosses)('$id: both players learn, from one seed the same', async (loss) => {
    const gan = await Gan.create(ort, loss, asked, settings);
    const far = wasserstein1(Float64Array.from(await gan.samples()), sample(asked, batch, 9, 9));
    for (let i = 0; i < 120; i++) {
      for (let k = 0; k < 3; k++) await gan.stepDiscriminator();
      await gan.stepGenerator();
    }
    const first = await gan.samples();
    const near = wasserstein1(Float64Array.from(first), sample(asked, batch, 9, 9));
    expect(near).toBeLessThan(0.75 * far);
    const { value, slope } = await gan.field();
    expect([...value, ...slope].every(Number.isFinite)).toBe(true);
    const again = gan.restarted(asked, settings);
    for (let k = 0; k < 3; k++) await again.stepDiscriminator();
    await again.stepGenerator();
    expect(again.step).toBe(1);
    await gan.dispose();
  });

  test('the penalty’s gradient by the weights is a central difference', async () => {
    const loss = ganLosses.find(({ id }) => id === 'penalised')!;
    const session = await GraphSession.create(ort, discriminatorStep(loss));
    const weights = initialise(discriminatorSizes, 5, 1);
    const cloud = (step: number) =>
      Float32Array.from({ length: 2 * batch }, (_, i) => normal(4, 4, step, i));
    const zeros = new Float32Array(weights.length);
    const at = async (discriminator: Float32Array) =>
      session.run({
        real: cloud(1),
        fake: cloud(2),
        between: cloud(3),
        ones: new Float32Array(batch).fill(1),
        discriminator,
        m: zeros,
        v: zeros,
        learning_rate: Float32Array.of(0.1),
        step: Float32Array.of(1),
      });
    // Adam's first moment after its first step is half the gradient.
    const gradient = (await at(weights))['next/m']!.map((value) => value / 0.5);
    const direction = weights.map((_, i) => normal(6, 6, 0, i));
    const along = gradient.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    const h = 2e-3;
    const moved = async (step: number) =>
      (await at(weights.map((value, i) => value + step * direction[i]!))).loss![0]!;
    const difference = ((await moved(h)) - (await moved(-h))) / (2 * h);
    expect(Math.abs(along / difference - 1)).toBeLessThan(5e-3);
    await session.dispose();
  });

  test('a rate that breaks a network is said to', async () => {
    const gan = await Gan.create(ort, ganLosses[2]!, asked, {
      ...settings,
      discriminatorRate: Number.POSITIVE_INFINITY,
    });
    await gan.stepDiscriminator();
    await expect(gan.stepDiscriminator()).rejects.toThrow("discriminator's loss is NaN");
    await gan.dispose();
  });

  test('networks have the weights that their sizes say', () => {
    expect(parameterCount([2, 3, 1])).toBe(2 * 3 + 3 + 3 + 1);
    expect(initialise(generatorSizes, 1, 1)).toHaveLength(parameterCount(generatorSizes));
  });
});
