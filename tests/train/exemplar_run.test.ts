/** A run that is shown an exemplar: recorded, and gone on with from its checkpoint alone. */
import { beforeAll, expect, test } from 'vitest';
import { encodePng } from '../../src/image/png_node';
import { LocalFiles } from '../../src/prior/files';
import { openNodeBackend } from '../../src/runtime/node';
import { makeSettings } from '../../src/settings';
import { Engine } from '../../src/train/engine';
import { checkpointSettings } from '../../src/train/run';
import { openTestGpu, type TestGpu } from '../gpu';
import { tinyExemplarPrior } from '../prior/tiny_exemplars';
import { refusal } from '../refusal';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

const open = async () => {
  const { files } = await tinyExemplarPrior();
  const backend = await openNodeBackend(t.gpu, 'cpu', 1);
  const read = async (path: string) => files.get(path.replace('tiny/', ''))!;
  return Engine.open({ gpu: t.gpu, backend, files: new LocalFiles('tiny', read) });
};
const settings = (source: string) =>
  makeSettings({ prompt: 'red cup', generator: 'pixels', steps: 4, exemplar: { source } });
const square = async () => {
  const data = new Uint8ClampedArray(4 * 24 * 24);
  for (let i = 0; i < 24 * 24; i++) data.set(i % 24 > 4 ? [180, 40, 60, 255] : [0, 0, 0, 0], 4 * i);
  return new Uint8Array(await encodePng({ data, width: 24, height: 24 }));
};

test('an own exemplar changes what is made, and goes into record and checkpoint', async () => {
  const engine = await open();
  await engine.exemplars.add({ name: 'square.png', bytes: await square() });
  const run = await engine.createRun(settings('file:square.png'));
  const plain = await engine.createRun(settings('none'));
  expect(run.exemplar.record).toEqual({ from: 'file', name: 'square.png', views: 1 });
  expect(plain.exemplar.record).toBeUndefined();
  for (let i = 0; i < 2; i++) await Promise.all([await run.takeStep(), await plain.takeStep()]);
  const half = await run.checkpoint();
  expect((await run.generator.snapshot()).pixels ?? half).not.toEqual(
    (await plain.generator.snapshot()).pixels,
  );
  while (!run.finished) await run.takeStep();
  const whole = await run.checkpoint();

  // Another engine has never seen the file.
  const other = await open();
  expect(await refusal(other.createRun(checkpointSettings(half)))).toContain(
    'square.png is a file that is not here',
  );
  const resumed = await other.createRun(checkpointSettings(half), half);
  resumed.restore(half);
  while (!resumed.finished) await resumed.takeStep();
  expect(await resumed.checkpoint()).toEqual(whole);
  for (const one of [run, plain, resumed]) one.dispose();
  await engine.dispose();
  await other.dispose();
});

test('a sample is shown it too', async () => {
  const engine = await open();
  await engine.exemplars.add({ name: 'square.png', bytes: await square() });
  const drawn = async (source: string, strength = 1) => {
    let views = new Float32Array();
    const options = { seed: 1, steps: 3, exemplar: { source, strength } };
    for await (const estimate of engine.sample('red cup', options)) {
      views = new Float32Array(estimate.views);
    }
    return views;
  };
  const own = await drawn('file:square.png');
  expect(own).not.toEqual(await drawn('none'));
  expect(own).not.toEqual(await drawn('file:square.png', 0.3));
  expect(await drawn('file:square.png')).toEqual(own);
  // Without a library `auto` is none.
  expect(await drawn('auto')).toEqual(await drawn('none'));
  await engine.dispose();
});
