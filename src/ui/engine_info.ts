import type { EngineInfo, Report } from '../protocol/messages';
import { type Settings, settingValues } from '../settings';

/** Says where the engine runs. */
export function showEngineInfo(
  place: Element,
  { adapter, software, denoiser, model }: EngineInfo,
): void {
  const where = software ? `${adapter} (no GPU: slow, but the same)` : adapter;
  const lines = [`Field on ${where}`, `Denoiser on ${denoiser}`, `Prior: ${model}`];
  place.replaceChildren(
    ...lines.map((text) => Object.assign(document.createElement('span'), { textContent: text })),
  );
}

type StepReport = Extract<Report, { type: 'step' }>['report'];

/** Settings that decide what a seed draws. */
const drawing = [
  'seed',
  'steps',
  'guidance.minTimestep',
  'guidance.maxTimestep',
  'guidance.sharedTimestep',
  'guidance.settle',
];

/** What the seed drew for a step, where it is the same for all runs; nothing where it is not. */
export function drawnWords(report: StepReport, runs: readonly Settings[]): string {
  if (report.act !== 'distil') return '';
  const [first, ...others] = runs.map((settings) =>
    JSON.stringify(settingValues(settings).filter(([path]) => drawing.includes(path))),
  );
  if (others.some((other) => other !== first)) return '';
  const { camera, timesteps } = report;
  const azimuth = Math.round(camera.azimuth + 360) % 360;
  const { dm, cfg } = timesteps;
  const levels = dm === cfg ? `${dm}` : `${dm} and ${cfg}`;
  const words = `camera ${azimuth}° around and ${Math.round(camera.elevation)}° up, noise level ${levels}`;
  const whose = ['From the seed', 'Same for both'][others.length] ?? 'Same for all';
  return `${whose}: ${words}`;
}
