import { type ShadingMode, shadingModes } from '../protocol/messages';
import type { Segment } from './segments';

const words: Readonly<Record<ShadingMode, readonly [name: string, title: string]>> = {
  unlit: ['Unlit', 'The colour as it is trained'],
  lit: ['Lit', 'The colour in a light over your left shoulder'],
  normals: ['Normals', 'Where the surface faces: red to +x, green up, blue to the front'],
  depth: ['Depth', 'How near the surface is: the nearer, the brighter'],
  opacity: ['Opacity', 'How much of the ray is stopped: white where the object is solid'],
};

/** What panes can show of a field, as they do at first in front. */
export const shadings: readonly Segment<ShadingMode>[] = shadingModes.map((value) => {
  const [name, title] = words[value];
  return { value, name, title };
});
