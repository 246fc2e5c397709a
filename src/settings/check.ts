import { methodOf } from '../guidance/methods';
import { SettingsError, scheduled } from '../schema';
import type { Schedule } from '../schema/schedule';
import type { Settings } from './settings';

/** The shares of a run at which a schedule turns. */
const turns = (value: Schedule): number[] =>
  typeof value === 'number' ? [0, 1] : [0, value[0], value[3], 1];

/** Where a schedule stands at a share of the run. */
const at = (value: Schedule, share: number) => scheduled(value, share, 1);

/** Whether a schedule is of one value at every step. */
const isAlways = (value: Schedule, wanted: number) =>
  turns(value).every((share) => at(value, share) === wanted);

/**
 * Settings that are each in order and contradict one another.
 * @throws SettingsError naming them.
 */
export function checkTogether(settings: Settings): void {
  const { guidance, fake, generator, particles, start } = settings;
  const { kind, title } = methodOf(settings.method);
  if (kind === 'reconstruction' && particles > 1) {
    throw new SettingsError(
      `${title} fits one object: it has no particles.`,
      'Set --particles 1, or choose a method of score distillation, such as --method vsd.',
    );
  }
  if (start.source !== 'none' && generator === 'pixels') {
    throw new SettingsError(
      'Free pictures cannot start from an object: there is none behind them.',
      'Take --generator field, or leave --start out.',
    );
  }
  checkRange('minTimestep', 'maxTimestep', settings);
  if (!guidance.sharedTimestep) checkRange('cfgMinTimestep', 'cfgMaxTimestep', settings);
  // A reward is no more than a multiple of the rest: alone it would move nothing.
  const isMoved =
    (guidance.lambdaDm > 0 && !isOwnBaseline(settings)) ||
    !isAlways(guidance.scale, 1) ||
    !isAlways(guidance.lambdaMoments, 0);
  if (!isMoved) {
    throw new SettingsError(
      'All weights are zero: nothing would move the views.',
      'Raise --guidance.lambdaDm, --guidance.scale above 1 or --guidance.lambdaMoments; a baseline that is the ' +
        'prediction itself needs --fake.updates and --fake.learningRate, or --guidance.shift.',
    );
  }
  if (guidance.baseline === 'fake' && guidance.fakeScale !== 1 && fake.cameraDropout === 0) {
    throw new SettingsError(
      `--guidance.fakeScale ${guidance.fakeScale} asks the fake score without cameras, which it never learns.`,
      'Raise --fake.cameraDropout, or set --guidance.fakeScale 1.',
    );
  }
  if (guidance.noise === 'surface' && generator === 'pixels') {
    throw new SettingsError(
      'Noise cannot lie on the surface of free pictures: they have none.',
      'Take --generator field, or --guidance.noise drawn.',
    );
  }
}

/** Whether b is ε_φ(z_τ; y), so that matching leaves nothing: a fake score that does not learn, a shift of none. */
function isOwnBaseline({ guidance, fake }: Settings): boolean {
  const { baseline, fakeScale, shift } = guidance;
  const learns = fake.updates > 0 && !isAlways(fake.learningRate, 0);
  return (
    (baseline === 'fake' && fakeScale === 1 && !learns) || (baseline === 'shifted' && shift === 0)
  );
}

/** A lower bound that exceeds the upper one at some step. */
function checkRange(
  low: 'minTimestep' | 'cfgMinTimestep',
  high: 'maxTimestep' | 'cfgMaxTimestep',
  { guidance }: Settings,
): void {
  const [least, largest] = [guidance[low], guidance[high]];
  const shares = [...turns(least), ...turns(largest)].sort((a, b) => a - b);
  const crossed = shares.find((share) => at(least, share) > at(largest, share));
  if (crossed === undefined) return;
  throw new SettingsError(
    `The range of τ is negative: after ${Math.round(100 * crossed)} % of the run --guidance.${low} is ` +
      `${at(least, crossed)} and --guidance.${high} ${at(largest, crossed)}.`,
    `Lower --guidance.${low} or raise --guidance.${high}.`,
  );
}
