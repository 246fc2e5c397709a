import type { EngineInfo, Report } from '../protocol/messages';

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

/** What the seed drew for a step: the same for every run. */
export function drawnWords({ camera, timesteps }: StepReport, several: boolean): string {
  const azimuth = Math.round(camera.azimuth + 360) % 360;
  const { dm, cfg } = timesteps;
  const levels = dm === cfg ? `${dm}` : `${dm} and ${cfg}`;
  const words = `camera ${azimuth}° around and ${Math.round(camera.elevation)}° up, noise level ${levels}`;
  return several ? `Same for both: ${words}` : `From the seed: ${words}`;
}
