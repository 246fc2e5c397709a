/** The cost of a training step of the shipped denoiser beside that of its forward pass: `npx vitest bench`. */
import { readFileSync } from 'node:fs';
import { afterAll, bench, describe } from 'vitest';
import { adamW, inferShapes, injectLora, mse, read, trainingGraph } from '#onnx';
import { GraphSession, randomFeeds } from '../onnx/graph_session';

const file = readFileSync(new URL('../../models/default/denoiser.onnx', import.meta.url));
const model = read(file, 'denoiser.onnx');
const lora = injectLora(model, { targets: ['blocks.*_attn.*'], rank: 4 });
const loss = mse({ prediction: 'prediction', target: 'target' });

describe.each([1, 2])('the denoiser, N = %i, 2 threads', async (N) => {
  const step = trainingGraph(inferShapes(lora.graph, { N }), { loss, optimiser: adamW() });
  const threads = { intraOpNumThreads: 2 };
  const forward = await GraphSession.create(inferShapes(model, { N }), threads);
  const training = await GraphSession.create(step, threads);
  const feeds = randomFeeds(step, 0, 1);
  afterAll(async () => {
    await forward.dispose();
    await training.dispose();
  });
  bench('forward', async () => {
    await forward.run(feeds);
  });
  bench('training step', async () => {
    await training.run(feeds);
  });
});
