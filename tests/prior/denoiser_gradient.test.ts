/** The shipped denoisers: their LoRA gradient against PyTorch's and differences. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { differentiate, inferShapes, injectLora, mse, read, trainingGraph } from '#onnx';
import { shippedPriors } from '../../src/prior/shipped';
import {
  checkShapes,
  cosine,
  dot,
  type Feeds,
  GraphSession,
  randomFeeds,
  relativeError,
} from '../onnx/graph_session';

interface Fixture {
  readonly model_sha256: string;
  readonly rank: number;
  readonly lora_scale: number;
  readonly target_salt: number;
  /** Of inputs that are `hashed` values too. */
  readonly input_salts: Record<string, number>;
  readonly loss: number;
  readonly layers: Record<
    string,
    { salt_a: number; salt_b: number; norm_a: number; norm_b: number }
  >;
  readonly arrays: Record<string, { shape: number[]; offset: number }>;
}

const path = (name: string) => new URL(name, import.meta.url);

/** The fixture's reproducible values in [-1, 1): `hashed` of models/training/export/gradient_fixture.py. */
function hashed(count: number, salt: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: count }, (_, i) => {
    let h = (Math.imul(i + 1, 2654435761) + Math.imul(salt, 40503)) >>> 0;
    h = Math.imul(h ^ (h >>> 15), 2246822519) >>> 0;
    return ((h ^ (h >>> 13)) >>> 0) / 2 ** 31 - 1;
  });
}

describe.each(Object.keys(shippedPriors))('%s', (prior) => {
  const fixture: Fixture = JSON.parse(readFileSync(path(`fixtures/${prior}_lora.json`), 'utf8'));
  const data = readFileSync(path(`fixtures/${prior}_lora.bin`));

  function array(name: string): Float32Array<ArrayBuffer> {
    const { shape, offset } = fixture.arrays[name]!;
    const bytes = 4 * shape.reduce((a, b) => a * b, 1);
    return new Float32Array(
      data.buffer.slice(data.byteOffset + offset, data.byteOffset + offset + bytes),
    );
  }

  const file = readFileSync(path(`../../models/${prior}/denoiser.onnx`));
  const model = read(file, 'denoiser.onnx');
  const { lora: declared } = JSON.parse(
    readFileSync(path(`../../models/${prior}/manifest.json`), 'utf8'),
  );
  const adapted = injectLora(model, { targets: declared.targets, rank: fixture.rank });
  const graph = inferShapes(adapted.graph, { N: 1 });
  const { types } = inferShapes(model, { N: 1 });
  const inputs: Record<string, Float32Array<ArrayBuffer>> = Object.fromEntries(
    model.inputs.map(({ name }) => {
      const salt = fixture.input_salts[name];
      const count = types.get(name)!.shape.reduce((a, b) => a * b, 1);
      return [name, salt === undefined ? array(`input.${name}`) : hashed(count, salt)];
    }),
  );
  const target = hashed(inputs.z!.length, fixture.target_salt);

  /** The fixture's LoRA weights, laid out as this library does. */
  function weights(): Float32Array<ArrayBuffer> {
    const vector = new Float32Array(adapted.size);
    for (const { name, offset, shape } of adapted.layout) {
      const layer = fixture.layers[name.slice(0, -2)]!;
      const salt = name.endsWith('.A') ? layer.salt_a : layer.salt_b;
      const values = hashed(shape[0]! * shape[1]!, salt);
      vector.set(
        values.map((value) => Math.fround(value * fixture.lora_scale)),
        offset,
      );
    }
    return vector;
  }

  const feeds: Feeds = { ...inputs, target, lora: weights() };

  describe('LoRA gradient', () => {
    let session: GraphSession;
    let results: Record<string, Float32Array>;
    beforeAll(async () => {
      session = await GraphSession.create(
        trainingGraph(graph, { loss: mse({ prediction: 'prediction', target: 'target' }) }),
      );
      results = await session.run(feeds);
      await session.dispose();
    });

    test('has fixtures of the shipped file: `training gradient_fixture` writes them', () => {
      expect(createHash('sha256').update(file).digest('hex')).toBe(fixture.model_sha256);
    });

    test('covers the targets of the manifest', () => {
      const names = adapted.layout.map((entry) => entry.name.slice(0, -2));
      expect([...new Set(names)].sort()).toEqual(Object.keys(fixture.layers).sort());
    });

    test('has the loss of PyTorch', () => {
      expect(Math.abs(results.loss![0]! / fixture.loss - 1)).toBeLessThan(1e-5);
    });

    test('has the norm of PyTorch in every layer', () => {
      for (const { name, offset, shape } of adapted.layout) {
        const part = results.gradient!.subarray(offset, offset + shape[0]! * shape[1]!);
        const layer = fixture.layers[name.slice(0, -2)]!;
        const reference = name.endsWith('.A') ? layer.norm_a : layer.norm_b;
        expect(Math.abs(Math.sqrt(dot(part, part)) / reference - 1), name).toBeLessThan(1e-3);
      }
    });

    test('has the elements of PyTorch in the first and the last block', () => {
      let compared = 0;
      for (const { name, offset, shape } of adapted.layout) {
        const key = `${name.slice(0, -2)}.grad_${name.endsWith('.A') ? 'a' : 'b'}`;
        if (!(key in fixture.arrays)) continue;
        const part = results.gradient!.subarray(offset, offset + shape[0]! * shape[1]!);
        expect(cosine(part, array(key)), key).toBeGreaterThan(0.99999);
        expect(relativeError(part, array(key)), key).toBeLessThan(1e-3);
        compared++;
      }
      expect(compared).toBe(40);
    });
  });

  test('has the shapes that the runtime gives it', async () => {
    const two = inferShapes(model, { N: 2 });
    expect(await checkShapes(two, randomFeeds(two))).toBeGreaterThan(400);
  });

  test('the gradient by the input agrees with differences along random directions', async () => {
    const { graph: backward, gradients } = differentiate(graph, {
      of: { prediction: 'seed' },
      withRespectTo: ['z', 'text', 'camera', 'exemplar'],
    });
    const session = await GraphSession.create(backward);
    const seed = hashed(target.length, 5);
    const results = await session.run({ ...feeds, seed });
    for (const [i, name] of ['z', 'text', 'camera', 'exemplar'].entries()) {
      const direction = hashed(inputs[name]!.length, 20 + i);
      const at = async (step: number) => {
        const moved = inputs[name]!.map((value, k) => value + step * direction[k]!);
        return dot((await session.run({ ...feeds, seed, [name]: moved })).prediction!, seed);
      };
      const central = async (step: number) => ((await at(step)) - (await at(-step))) / (2 * step);
      // Of fourth order (Richardson): in f32 rounding is too much at steps where the second would do.
      const slope = (4 * (await central(8e-3)) - (await central(1.6e-2))) / 3;
      const gradient = results[gradients[name]!]!;
      // Next to the slope along a usual direction: along this one it may happen to be almost nothing.
      const usual = Math.sqrt(
        (dot(gradient, gradient) * dot(direction, direction)) / direction.length,
      );
      expect(Math.abs(dot(gradient, direction) - slope) / usual, name).toBeLessThan(1e-3);
    }
    await session.dispose();
  });

  test('LoRA at its initialisation changes no bit of the prediction', async () => {
    const plain = await GraphSession.create(inferShapes(model, { N: 1 }));
    const draws = hashed(adapted.size, 7);
    const adaptedSession = await GraphSession.create(graph);
    const before = (await plain.run(inputs)).prediction!;
    const after = (
      await adaptedSession.run({ ...inputs, lora: adapted.initialise((k) => draws[k]!) })
    ).prediction!;
    expect(new Uint32Array(after.buffer)).toEqual(new Uint32Array(before.buffer));
    await plain.dispose();
    await adaptedSession.dispose();
  });
});
