import { beforeAll, expect, test } from 'vitest';
import { Field } from '../../src/field/field';
import { openTestGpu, type TestGpu } from '../gpu';
import { cosine, draws, halfDraws, halfStep, packedPoints, walks } from '../points';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const n = 300;
/** The table is read as f16: ends of a difference must be f16 themselves. */
const step = halfStep;
const probes = 60;

/** L = sum of weights times values, by the GPU's forward pass alone. */
async function setUp(densityActivation: 'softplus' | 'exp') {
  const options = { levels: 4, maxResolution: 24, log2TableSize: 10, blobScale: 2 };
  const field = new Field(t.gpu, { ...options, densityActivation });
  const [table, mlp] = field.parameters;
  const parameters = {
    table: halfDraws(table.values.size / 4, 601, -0.5, 0.5),
    mlp: draws(mlp.values.size / 4, 602, -0.5, 0.5),
  };
  const evaluator = field.evaluator(packedPoints(t, walks(n)), { gradient: true });
  const weights = draws(4 * n, 603);
  const loss = async () => {
    field.restore(parameters);
    await t.run((pass) => evaluator.forward(pass));
    const values = await t.readback.floats(evaluator.values, 4 * n);
    return values.reduce((sum, value, i) => sum + value * weights[i]!, 0);
  };
  await loss();
  t.gpu.device.queue.writeBuffer(evaluator.valueGradients, 0, weights);
  await t.run((pass) => evaluator.backward(pass));
  const quanta = await t.readback.floats(table.quanta);
  const integers = new Int32Array(await t.readback.read(table.gradient));
  const gradient = {
    table: Float64Array.from(integers, (g, i) => {
      const level = table.segments.findIndex(({ first, words }) => i < first + words);
      return g * quanta[level]!;
    }),
    mlp: await t.readback.floats(mlp.gradient, parameters.mlp.length),
  };
  return { parameters, gradient, loss };
}

test.each(['softplus', 'exp'] as const)(
  'central differences of the whole field agree with its gradient, %s',
  async (density) => {
    const { parameters, gradient, loss } = await setUp(density);
    for (const name of ['table', 'mlp'] as const) {
      // Half the probes where the gradient is largest, half anywhere that it is not zero.
      const order = [...gradient[name].keys()]
        .filter((i) => gradient[name][i] !== 0)
        .sort((a, b) => Math.abs(gradient[name][b]!) - Math.abs(gradient[name][a]!));
      const stride = Math.floor(order.length / probes);
      const chosen = order.filter((_, k) => k < probes / 2 || k % (2 * stride) === 0);
      const differences: number[] = [];
      for (const i of chosen) {
        const value = parameters[name][i]!;
        const ends: number[] = [];
        for (const sign of [1, -1]) {
          parameters[name][i] = value + sign * step;
          ends.push(await loss());
        }
        parameters[name][i] = value;
        differences.push((ends[0]! - ends[1]!) / (2 * step));
      }
      const analytic = chosen.map((i) => gradient[name][i]!);
      expect(chosen.length).toBeGreaterThan(probes / 2);
      expect(cosine(analytic, differences)).toBeGreaterThan(0.9999);
      const ratio = Math.hypot(...differences) / Math.hypot(...analytic);
      expect(Math.abs(ratio - 1)).toBeLessThan(1e-2);
    }
  },
);
