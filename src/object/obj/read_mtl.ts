import { linear } from '../../image/srgb';
import { colourScale, within } from '../colour_scale';
import { numberOf, textLines, words } from '../text_lines';

/** A picture that a material names. */
export interface MtlMap {
  readonly file: string;
  readonly scale: readonly [number, number];
  readonly offset: readonly [number, number];
  readonly clamp: boolean;
}

/** What is read of a material (MTL 1.0, Wavefront 1995). Colours are linear RGB. */
export interface Mtl {
  colour: readonly [number, number, number];
  /** 1 where it is opaque. */
  alpha: number;
  map?: MtlMap;
  /** Where the colour's map has holes. */
  mask?: MtlMap;
  emission: readonly [number, number, number];
  emissionMap?: MtlMap;
}

/** The material of faces that name none, or one that is missing. */
export const plainMtl: Readonly<Mtl> = { colour: [1, 1, 1], alpha: 1, emission: [0, 0, 0] };

/** How many numbers follow a map's options; the others have a word. */
const numbersAfter: Readonly<Record<string, number>> = { '-s': 3, '-o': 3, '-t': 3, '-mm': 2 };

/** The materials of a library by their names. Maps that a field has no use for are left out. */
export function readMtl(bytes: Uint8Array): Map<string, Mtl> {
  const materials = new Map<string, Mtl>();
  let current: Mtl = { ...plainMtl };
  let hasOpacity = false;
  for (const line of textLines(bytes)) {
    const [key = '', ...values] = words(line);
    const rest = line.trim().slice(key.length).trim();
    const numbers = values.map(numberOf);
    switch (key.toLowerCase()) {
      case 'newmtl':
        current = { ...plainMtl };
        hasOpacity = false;
        materials.set(rest, current);
        break;
      case 'kd':
        current.colour = colourOf(numbers) ?? current.colour;
        break;
      case 'ke':
        current.emission = colourOf(numbers) ?? current.emission;
        break;
      case 'd': {
        // `d -halo 0.5` fades towards the edges.
        const opacity = numbers.findLast(Number.isFinite);
        if (opacity !== undefined) [current.alpha, hasOpacity] = [opacity, true];
        break;
      }
      case 'tr':
        if (!hasOpacity && Number.isFinite(numbers[0])) current.alpha = 1 - numbers[0]!;
        break;
      case 'map_kd':
        setMap(current, 'map', rest);
        break;
      case 'map_d':
        setMap(current, 'mask', rest);
        break;
      case 'map_ke':
        setMap(current, 'emissionMap', rest);
        break;
    }
  }
  return materials;
}

function setMap(material: Mtl, key: 'map' | 'mask' | 'emissionMap', text: string): void {
  const map = mapOf(text);
  if (map) material[key] = map;
}

/** Display RGB to linear; one number is a grey. Undefined for `spectral` and other curves. */
function colourOf(numbers: readonly number[]): readonly [number, number, number] | undefined {
  const [red = Number.NaN, green = red, blue = red] = numbers;
  const colour = [red, green, blue] as const;
  if (!colour.every(Number.isFinite)) return undefined;
  const scale = colourScale(Math.max(...colour));
  return colour.map((value) => linear(within(value / scale))) as [number, number, number];
}

/** A map's options, then its name, which may have blanks or stand in quotes. */
function mapOf(text: string): MtlMap | undefined {
  let rest = text;
  const pairs = { '-s': [1, 1], '-o': [0, 0] };
  let clamp = false;
  for (let option = /^(-\w+)\s+/.exec(rest); option; option = /^(-\w+)\s+/.exec(rest)) {
    const key = option[1]!.toLowerCase();
    rest = rest.slice(option[0].length);
    const most = numbersAfter[key] ?? 1;
    const values: string[] = [];
    while (values.length < most) {
      const word = /^(\S+)\s+/.exec(rest);
      // Options with numbers may have fewer of them than they can.
      if (!word || (most > 1 && !Number.isFinite(Number(word[1])))) break;
      values.push(word[1]!);
      rest = rest.slice(word[0].length);
    }
    if (key === '-clamp') clamp = values[0]?.toLowerCase() === 'on';
    if (key === '-s' || key === '-o') {
      values.slice(0, 2).forEach((value, i) => {
        pairs[key][i] = Number(value);
      });
    }
  }
  if (rest === '') return undefined;
  const [scale, offset] = [pairs['-s'], pairs['-o']] as [[number, number], [number, number]];
  return { file: rest, scale, offset, clamp };
}
