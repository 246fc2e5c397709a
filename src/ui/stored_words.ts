import type { StoredRun } from '../protocol/messages';
import { methodOf } from '../settings';

/** What a stored run is and how far it came. */
export function storedWords({ settings, step, problem, open, interrupted }: StoredRun): string {
  if (!settings) return problem;
  const seed = `seed ${settings.seed}`;
  const far = step >= settings.steps ? 'finished' : `step ${step} of ${settings.steps}`;
  const state = problem ? 'stopped' : open ? 'open now' : interrupted ? 'interrupted' : '';
  return [methodOf(settings.method).title, seed, far, state].filter(Boolean).join(' · ');
}

const units = [
  ['day', 86_400],
  ['hour', 3600],
  ['minute', 60],
] as const;

/** How long ago a time was, both in milliseconds since 1970. */
export function ago(then: number, now: number): string {
  const seconds = Math.max(0, (now - then) / 1000);
  const format = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });
  for (const [unit, each] of units) {
    if (seconds >= each) return format.format(-Math.floor(seconds / each), unit);
  }
  return 'just now';
}

/** Milliseconds between the ends of runs that were interrupted together. */
const together = 120_000;

/** Of the runs that were interrupted, those of the last session, at most `most`, as they stood side by side. */
export function interruptedTogether(runs: readonly StoredRun[], most: number): StoredRun[] {
  const interrupted = runs.filter((run) => run.interrupted);
  const newest = interrupted[0]?.changed ?? 0;
  return interrupted
    .filter(({ changed }) => newest - changed <= together)
    .slice(0, most)
    .sort((a, b) => a.created - b.created || (a.id < b.id ? -1 : 1));
}
