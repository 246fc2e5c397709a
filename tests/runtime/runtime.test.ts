import type { InferenceSession } from 'onnxruntime-web';
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { Expressions, write } from '#onnx';
import { LimbeckError } from '../../src/errors';
import type { OrtBackend } from '../../src/runtime/backend';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
let runtime: Runtime;
/** The freeing of each session of onnxruntime, in the order in which they were made. */
let releases: ReturnType<typeof vi.fn>[];
/** Runs of onnxruntime that are under way now, and the most that ever were. */
let running: { now: number; most: number };

beforeAll(async () => {
  t = await openTestGpu();
});
beforeEach(async () => {
  releases = [];
  running = { now: 0, most: 0 };
  runtime = new Runtime(t.gpu, counted(await openNodeBackend(t.gpu, 'cpu', 1)));
});

afterEach(() => runtime.dispose());

/** The same back end, its sessions and their overlapping runs counted. */
function counted(backend: OrtBackend): OrtBackend {
  const create = async (model: Uint8Array, options: InferenceSession.SessionOptions) => {
    const session = await backend.ort.InferenceSession.create(model, options);
    releases.push(vi.spyOn(session, 'release'));
    const run = session.run.bind(session);
    session.run = async (feeds: InferenceSession.FeedsType) => {
      running.most = Math.max(running.most, ++running.now);
      return run(feeds).finally(() => running.now--);
    };
    return session;
  };
  const ort = { Tensor: backend.ort.Tensor, InferenceSession: { create } };
  return { ...backend, ort: ort as unknown as OrtBackend['ort'] };
}

/** y = 2 x of x [3]. */
function doubling(): Uint8Array {
  const g = new Expressions({ name: 'doubling' });
  g.output(g.scale(g.input('x', [3]), 2), 'y');
  return write(g.build());
}
const signature = { inputs: { x: [3] }, outputs: { y: [3] } };

test('a network that was disposed is freed once and forgotten', async () => {
  const session = await runtime.load('doubling', doubling(), signature);
  await runtime.loadForHost('doubling', doubling(), signature);
  expect(runtime.loadedNetworks).toBe(2);
  await Promise.all([session.dispose(), session.dispose()]);
  expect(runtime.loadedNetworks).toBe(1);
  expect(releases.map((release) => release.mock.calls.length)).toEqual([1, 0]);
  await runtime.dispose();
  expect(runtime.loadedNetworks).toBe(0);
  expect(releases.map((release) => release.mock.calls.length)).toEqual([1, 1]);
});

test('a network that does not fit its signature is freed before it is refused', async () => {
  const wide = { ...signature, inputs: { x: [4] } };
  await expect(runtime.load('doubling', doubling(), wide)).rejects.toThrow(LimbeckError);
  expect(releases.map((release) => release.mock.calls.length)).toEqual([1]);
  expect(runtime.loadedNetworks).toBe(0);
});

test('calls that overlap are made one after the other, and disposal waits for them', async () => {
  const session = await runtime.loadForHost('doubling', doubling(), signature);
  const doubled = async (value: number) => {
    const x = { data: new Float32Array(3).fill(value), dims: [3] };
    return (await session.evaluate({ x }))('y')[0];
  };
  const calls = [1, 2, 3].map(doubled);
  await session.dispose();
  expect(await Promise.all(calls)).toEqual([2, 4, 6]);
  expect(running).toEqual({ now: 0, most: 1 });
});
