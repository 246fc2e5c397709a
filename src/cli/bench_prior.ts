import { consistency } from '../fit/consistency';
import { numberFlag, type Parsed } from './flags';
import { machineFlags, openEngine, parseMachine } from './machine';

/** What people ask for: nouns of the object set and of the gallery. */
const prompts = [
  'a chair',
  'a table',
  'a sofa',
  'an armchair',
  'a bed',
  'a desk',
  'a stool',
  'a bookcase',
  'a lamp',
  'a door',
  'a house',
  'a castle',
  'a car',
  'a truck',
  'a boat',
  'a spaceship',
  'a tree',
  'a pine tree',
  'a palm tree',
  'a cactus',
  'a bush',
  'a flower',
  'a mushroom',
  'a rock',
  'a barrel',
  'a chest',
  'a bottle',
  'a cup',
  'a candle',
  'a pumpkin',
];

const flags = {
  seed: { value: 'N', text: 'random seed of all samples (default: 0)' },
  prompts: { value: 'N', text: `how many of the ${prompts.length} prompts (default: all)` },
  ...machineFlags,
};

/** `bench prior`: whether the four views that the prior draws are of one object. */
export const priorBench = {
  about: [
    'Draws samples of the prior, fits a field to the views of each, and says how far the views agree:',
    "the mean intersection over union of the views' silhouettes and the field's.",
  ],
  flags,
  run: measure,
};

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const seed = numberFlag(parsed, 'seed', 0, 0, 0xffffffff);
  const count = Math.round(numberFlag(parsed, 'prompts', prompts.length, 1, prompts.length));
  const engine = await openEngine(parseMachine(parsed));
  const overlaps: Record<string, number> = {};
  for (const prompt of prompts.slice(0, count)) {
    let views: Float32Array = new Float32Array();
    for await (const estimate of engine.sample(prompt, { seed })) views = estimate.views;
    const overlap = await consistency(engine.gpu, views, engine.samplingCameras);
    overlaps[prompt] = overlap;
    if (!json) process.stdout.write(`${overlap.toFixed(3)}  ${prompt}\n`);
  }
  const mean = Object.values(overlaps).reduce((sum, overlap) => sum + overlap, 0) / count;
  const result = { model: engine.manifest.id, seed, mean, overlaps };
  process.stdout.write(
    json ? `${JSON.stringify(result, null, 1)}\n` : `${mean.toFixed(3)}  mean of ${count}\n`,
  );
  await engine.dispose();
}
