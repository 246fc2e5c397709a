import type { Manifest } from '../prior/manifest';
import type { PromptEncoder, ShownExemplar } from '../prior/text_encoder';
import type { Camera } from '../render/camera';
import type { Texts } from './queries';
import type { GuidanceSettings } from './settings';

/** Above this elevation a camera looks down on the object, in degrees (Poole et al. 2022, section 3.2). */
const overhead = 60;

/** Azimuths up to this far from the front, or from the back, count as it, in degrees. */
const facing = 45;

/** From where a camera sees the object, in words that a prompt can end with. */
export function directionOf({ c2w }: Camera): 'front' | 'side' | 'back' | 'overhead' {
  const [x, y, z] = [c2w[3]!, c2w[7]!, c2w[11]!];
  const degrees = (radians: number) => (radians * 180) / Math.PI;
  if (degrees(Math.atan2(y, Math.hypot(x, z))) > overhead) return 'overhead';
  const azimuth = Math.abs(degrees(Math.atan2(x, z)));
  if (azimuth <= facing) return 'front';
  return azimuth >= 180 - facing ? 'back' : 'side';
}

/**
 * What a run tells its prior. One that is not told the camera reads the direction at the prompt's end; its
 * views are asked about one by one.
 * @param exemplar shown beside the prompt, and not beside what stands for none: guidance leads towards both.
 */
export async function textsOf(
  encoder: PromptEncoder,
  manifest: Manifest,
  { prompt, guidance }: { readonly prompt: string; readonly guidance: GuidanceSettings },
  exemplar?: ShownExemplar,
): Promise<Texts> {
  const empty = await encoder.unconditional();
  const said = (words: string) => (words ? encoder.encode(words) : empty);
  const plain = await encoder.encode(prompt);
  const told = {
    prompt: exemplar ? { ...plain, exemplar } : plain,
    empty,
    negative: await said(guidance.negative),
    defects: await said(defectsOf(manifest, guidance)),
  };
  if (manifest.camera.input) return (text) => told[text];
  const seenFrom = {
    front: await encoder.encode(`${prompt}, front view`),
    side: await encoder.encode(`${prompt}, side view`),
    back: await encoder.encode(`${prompt}, back view`),
    overhead: await encoder.encode(`${prompt}, overhead view`),
  };
  return (text, cameras) =>
    text === 'prompt' && cameras ? seenFrom[directionOf(cameras[0]!)] : told[text];
}

/** The words for defects that a run's prior is told: the settings', or the prior's own; empty where it has none. */
const defectsOf = ({ text }: Manifest, { defects }: Pick<GuidanceSettings, 'defects'>): string =>
  defects || (text.defects ?? '');
