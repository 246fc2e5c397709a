/** What the library emits on onnxruntime's WebGPU execution provider. */
import type { InferenceSession } from 'onnxruntime-web';
import { beforeAll, expect, test } from 'vitest';
import {
  adamW,
  differentiate,
  Expressions,
  type Graph,
  inferShapes,
  injectLora,
  mse,
  type StaticGraph,
  trainingGraph,
  write,
} from '#onnx';
import type { OrtBackend } from '../../src/runtime/backend';
import { openNodeBackend } from '../../src/runtime/node';
import { openTestGpu } from '../gpu';
import { families, graphOf, names, title } from '../onnx/cases';
import { GraphSession, random, relativeError } from '../onnx/graph_session';
import { smallUnet } from '../onnx/networks';

let backend: OrtBackend;
beforeAll(async () => {
  backend = await openNodeBackend((await openTestGpu()).gpu, 'webgpu');
});

/** A session in which a node that WebGPU does not run is an error. */
function strict(graph: Graph): Promise<InferenceSession> {
  return backend.ort.InferenceSession.create(write(graph), {
    ...backend.options,
    logSeverityLevel: 4,
    extra: { session: { disable_cpu_ep_fallback: '1' } },
  });
}

/** Whether WebGPU runs every node of a graph. */
async function fits(graph: Graph): Promise<boolean> {
  try {
    await (await strict(graph)).release();
    return true;
  } catch (error) {
    if (String(error).includes('fallback to CPU EP')) return false;
    throw error;
  }
}

const step = (graph: StaticGraph) =>
  trainingGraph(graph, {
    loss: mse({ prediction: 'prediction', target: 'target' }),
    optimiser: adamW({ weightDecay: 0.01 }),
    clipNorm: 0.05,
  });

test("every node of a U-Net's training step is placed on it", async () => {
  const lora = injectLora(smallUnet(1), { targets: ['*'], rank: 2, scale: 0.5 });
  expect(await fits(step(inferShapes(lora.graph)))).toBe(true);
});

test('so is every gradient whose forward is', async () => {
  const forwardless: string[] = [];
  const gradientless: string[] = [];
  for (const c of Object.values(families).flat()) {
    const forward = inferShapes(graphOf(c));
    const backward = differentiate(forward, {
      of: { y: 'seed' },
      withRespectTo: names.slice(0, c.shapes.length),
    });
    if (!(await fits(forward))) forwardless.push(title(c));
    else if (!(await fits(backward.graph))) gradientless.push(title(c));
  }
  expect(gradientless).toEqual([]);
  // The runtime itself lacks a few: those show that the check can fail.
  expect(forwardless.length).toBeGreaterThan(0);
  expect(forwardless.length).toBeLessThan(10);
});

test('a training step agrees with the CPU', async () => {
  const g = new Expressions({ name: 'layer' });
  const x = g.input('x', [2, 5]);
  const w = g.constant([...random(20, 1)], [5, 4]);
  g.output(g.op('Softmax', [g.matmul(x, w)]), 'prediction');
  const graph = step(trained(g.build()));
  const feeds: Record<string, Float32Array> = {
    x: random(10, 2),
    lora: random(18, 3),
    m: random(18, 4),
    v: random(18, 5).map(Math.abs),
    target: random(8, 6),
    learning_rate: Float32Array.of(0.01),
    step: Float32Array.of(3),
  };
  const cpu = await GraphSession.create(graph);
  const expected = await cpu.run(feeds);
  const session = await strict(graph);
  const tensors = graph.inputs.map(
    ({ name, shape }) =>
      [name, new backend.ort.Tensor('float32', feeds[name]!, shape as number[])] as const,
  );
  const found = await session.run(Object.fromEntries(tensors));
  for (const [name, values] of Object.entries(expected)) {
    expect(relativeError(found[name]!.data as Float32Array, values), name).toBeLessThan(1e-5);
  }
  await session.release();
  await cpu.dispose();
});

/** A graph with LoRA of rank 2 on its only product. */
function trained(graph: StaticGraph): StaticGraph {
  return inferShapes(injectLora(graph, { targets: ['*'], rank: 2 }).graph);
}
