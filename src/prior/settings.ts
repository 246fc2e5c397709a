import type * as v from 'valibot';
import { group, integer, number, schedule, text } from '../schema';

/** Updates of ψ in one step are at most this many, so that each has noise of its own. */
export const maxFakeUpdates = 16;

/** The fake score ε_ψ: the prior with a LoRA that learns what the run makes. */
export const fakeSettings = group('Fake score', {
  rank: integer({
    default: 4,
    min: 1,
    max: 64,
    label: 'LoRA rank',
    help: 'rank of the matrices that the fake score adds to the prior',
  }),
  // A warm-up, as ProlificDreamer's: Adam's first steps are as long as its rate, whatever the gradient.
  learningRate: schedule({
    default: [0, 0.0005, 0.003, 0.05],
    min: 0,
    label: 'Learning rate',
    help: 'learning rate of the fake score',
  }),
  updates: integer({
    default: 4,
    min: 0,
    max: maxFakeUpdates,
    label: 'Updates',
    help: 'denoising steps of the fake score for each step of the field',
  }),
  cameraDropout: number({
    default: 0,
    min: 0,
    max: 1,
    label: 'Camera dropout',
    help: 'share of its updates in which the fake score is not told the cameras',
  }),
});

/** What the prior is shown beside the prompt. */
export const exemplarSettings = group('Exemplar', {
  source: text({
    default: 'auto',
    maxLength: 1000,
    label: 'Shown',
    help:
      'an object that the prior is shown: auto finds one in its library by the prompt, none shows nothing; ' +
      'other words are looked for instead of the prompt',
  }),
  strength: number({
    default: 1,
    min: 0,
    max: 1,
    label: 'Strength',
    help: 'how far the exemplar is heeded',
  }),
});

export type ExemplarSettings = v.InferOutput<typeof exemplarSettings>;

export type FakeSettings = v.InferOutput<typeof fakeSettings>;
