import { type ShadingMode, shadingModes } from '../protocol/messages';

const descriptions: Readonly<Record<ShadingMode, readonly [name: string, title: string]>> = {
  unlit: ['Unlit', 'The colour as it is trained'],
  lit: ['Lit', 'The colour in a light over your left shoulder'],
  normals: ['Normals', 'Where the surface faces: red to +x, green up, blue to the front'],
  depth: ['Depth', 'How near the surface is: the nearer, the brighter'],
  opacity: ['Opacity', 'How much of the ray is stopped: white where the object is solid'],
};

/**
 * Fills a fieldset with the choice of what the panes show.
 * @param choose is told of every change; the first mode is chosen to start with.
 */
export function setUpShadingChoice(
  fieldset: HTMLElement,
  choose: (mode: ShadingMode) => void,
): void {
  const options = shadingModes.map((mode, i) => {
    const [name, title] = descriptions[mode];
    const label = Object.assign(document.createElement('label'), { title });
    const radio = Object.assign(document.createElement('input'), {
      type: 'radio',
      name: 'shading',
      value: mode,
      checked: i === 0,
    });
    radio.addEventListener('change', () => choose(mode));
    label.append(radio, Object.assign(document.createElement('span'), { textContent: name }));
    return label;
  });
  fieldset.append(...options);
}
