import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Denoiser } from '../../src/prior/denoiser';
import type { Prior } from '../../src/prior/files';
import { type Conditioning, PromptEncoder } from '../../src/prior/text_encoder';
import { normal } from '../../src/random';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu, type TestGpu } from '../gpu';
import { sizes, tinyPrediction, tinyPrior } from './tiny_prior';

let t: TestGpu;
let prior: Prior;
beforeAll(async () => {
  t = await openTestGpu();
  prior = await tinyPrior();
});

const { V, C, H } = sizes;
const floats = V * C * H * H;
const draw = (count: number, stream: number) =>
  Float32Array.from({ length: count }, (_, i) => normal(1, stream, 0, i));
const z = draw(2 * floats, 1);
const cameras = draw(V * 16, 2);

// The first WebGPU session compiles its shaders on the software adapter: seconds.
describe.each(['cpu', 'webgpu'] as const)('on the back end %s', { timeout: 120_000 }, (kind) => {
  let runtime: Runtime;
  let denoiser: Denoiser;
  let texts: Conditioning[];
  beforeAll(async () => {
    runtime = new Runtime(t.gpu, await openNodeBackend(t.gpu, kind));
    const encoder = await PromptEncoder.load(runtime, prior);
    texts = [await encoder.encode('red chair'), await encoder.encode('')];
    denoiser = await Denoiser.load(runtime, prior, 2);
    for (const [i, text] of texts.entries()) denoiser.setText(i, text);
  }, 120_000);
  afterAll(async () => {
    await denoiser.dispose();
    await runtime.dispose();
  });

  async function predict(timesteps: readonly number[]): Promise<Float32Array> {
    t.gpu.device.queue.writeBuffer(denoiser.z, 0, z);
    await denoiser.run({ timesteps, cameras });
    return t.readback.floats(denoiser.prediction, 2 * floats);
  }

  test('predicts what the network computes, each batch entry by its own text and timestep', async () => {
    const found = await predict([700, 20]);
    const { expected, scale } = tinyPrediction(z, [700, 20], texts, cameras);
    for (let i = 0; i < found.length; i++) {
      expect(Math.abs(found[i]! - expected[i]!)).toBeLessThan(1e-5 * scale);
    }
  });

  test('gives the same bytes again, and other ones at another timestep', async () => {
    const first = await predict([300, 300]);
    const other = await predict([301, 300]);
    expect(await predict([300, 300])).toEqual(first);
    expect(other.subarray(0, floats)).not.toEqual(first.subarray(0, floats));
    expect(other.subarray(floats)).toEqual(first.subarray(floats));
  });

  test('sees what kernels wrote before, and is seen by what comes after', async () => {
    const code = `
      @group(0) @binding(0) var<storage, read_write> data: array<f32>;
      @compute @workgroup_size(64) fn double(@builtin(global_invocation_id) id: vec3u) {
        if (id.x < arrayLength(&data)) { data[id.x] *= 2.0; }
      }`;
    const shader = t.shader('double', code);
    const before = shader.bind('double', { data: denoiser.z });
    const after = shader.bind('double', { data: denoiser.prediction });
    t.gpu.device.queue.writeBuffer(
      denoiser.z,
      0,
      z.map((value) => value / 2),
    );
    await t.run((pass) => before.record(pass, Math.ceil((2 * floats) / 64)));
    await denoiser.run({ timesteps: [5, 6], cameras });
    await t.run((pass) => after.record(pass, Math.ceil((2 * floats) / 64)));
    const found = await t.readback.floats(denoiser.prediction, 2 * floats);
    const { expected, scale } = tinyPrediction(z, [5, 6], texts, cameras);
    for (let i = 0; i < found.length; i++) {
      expect(Math.abs(found[i]! - 2 * expected[i]!)).toBeLessThan(2e-5 * scale);
    }
  });

  test('takes turns with other networks', async () => {
    const second = await Denoiser.load(runtime, prior, 1);
    second.setText(0, texts[0]!);
    t.gpu.device.queue.writeBuffer(second.z, 0, z.subarray(0, floats));
    t.gpu.device.queue.writeBuffer(denoiser.z, 0, z);
    const runs = Array.from({ length: 12 }, (_, i) =>
      i % 2
        ? second.run({ timesteps: [700], cameras })
        : denoiser.run({ timesteps: [700, 20], cameras }),
    );
    await Promise.all(runs);
    const alone = await t.readback.floats(second.prediction, floats);
    const batched = await t.readback.floats(denoiser.prediction, floats);
    for (let i = 0; i < floats; i++) expect(alone[i]).toBeCloseTo(batched[i]!, 5);
    await second.dispose();
  });

  test('refuses views of another batch', async () => {
    await expect(denoiser.run({ timesteps: [1], cameras })).rejects.toThrow(
      'A batch of 2 takes 2 timesteps and 48 numbers of cameras, not 1 and 48.',
    );
    await expect(denoiser.run({ timesteps: [1, 1], cameras: cameras.subarray(1) })).rejects.toThrow(
      RangeError,
    );
  });
});
