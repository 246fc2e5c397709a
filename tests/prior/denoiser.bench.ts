import { readFile } from 'node:fs/promises';
import { bench, describe } from 'vitest';
import { Denoiser } from '../../src/prior/denoiser';
import { FakeNetworks } from '../../src/prior/fake_score';
import { LocalFiles, loadPrior } from '../../src/prior/files';
import { PromptEncoder } from '../../src/prior/text_encoder';
import { openNodeBackend } from '../../src/runtime/node';
import { Runtime } from '../../src/runtime/runtime';
import { openTestGpu } from '../gpu';

// `npx vitest bench`: one call of each network of the shipped prior, copies to and from the adapter included.
const { gpu, readback } = await openTestGpu();
const prior = await loadPrior(new LocalFiles('models/default', readFile));
const cameras = new Float32Array(prior.manifest.views * 16).fill(0.1);
const settings = { warmupIterations: 3, iterations: 30, time: 0 };

for (const threads of [1, 2, 4]) {
  const runtime = new Runtime(gpu, await openNodeBackend(gpu, 'cpu', threads));
  const encoder = await PromptEncoder.load(runtime, prior);
  const texts = [await encoder.encode('a red chair'), await encoder.encode('')];
  const denoiser = await Denoiser.load(runtime, prior, 2);
  for (const [n, text] of texts.entries()) denoiser.setText(n, text);
  const fake = (await FakeNetworks.load(runtime, prior)).score(1);
  fake.setText(0, texts[0]!);
  const view = { timesteps: [300], cameras };
  const taught = { timestep: 300, cameras, text: texts[0]! };

  describe(runtime.description, () => {
    bench(
      'denoiser, conditional and unconditional',
      async () => {
        await denoiser.run({ timesteps: [300, 300], cameras });
        await readback.floats(denoiser.prediction, 4);
      },
      settings,
    );
    bench(
      'fake score, prediction',
      async () => {
        await fake.predict(view);
        await readback.floats(fake.prediction, 4);
      },
      settings,
    );
    bench(
      'fake score, training step',
      async () => {
        await fake.train({ ...taught, learningRate: 1e-3 });
      },
      settings,
    );
  });
}
