import { viewAt } from '../image/views';
import type { SquareViews } from '../retrieval/views';

type Colour = readonly [red: number, green: number, blue: number];

/** Colours that a prompt may name. */
const colourWords = [
  ...['red', 'orange', 'yellow', 'green', 'turquoise', 'blue', 'purple', 'pink'],
  ...['brown', 'beige', 'white', 'grey', 'black'],
] as const;

export type ColourWord = (typeof colourWords)[number];

/** Rounds after which the main colour has settled. */
const rounds = 4;

/** The one colour that a prompt names; undefined where it names none or several. */
export function namedColour(prompt: string): ColourWord | undefined {
  const said = prompt
    .toLowerCase()
    .replaceAll('gray', 'grey')
    .split(/[^a-z]+/);
  const found = colourWords.filter((colour) => said.includes(colour));
  return found.length === 1 ? found[0] : undefined;
}

/**
 * Whether what is seen has the colour that the prompt names: the twin of the measure in
 * `models/training/measure/obey.py`. Undefined where the prompt names none.
 */
export function obeysColour(prompt: string, seen: SquareViews): boolean | undefined {
  const wanted = namedColour(prompt);
  if (!wanted) return undefined;
  const main = mainColour(seen);
  return main !== undefined && colourName(main) === wanted;
}

/**
 * The colour in sRGB that most of the views has: a mean that leaves out, round by round, what is far from it.
 * Undefined where nothing is seen.
 */
export function mainColour({ views, count }: SquareViews): Colour | undefined {
  const colours: Colour[] = [];
  for (let view = 0; view < count; view++) {
    const data = viewAt(views, view, count);
    const plane = data.length / 4;
    for (let i = 0; i < plane; i++) {
      const alpha = data[3 * plane + i]!;
      if (alpha <= 0.5) continue;
      colours.push([data[i]! / alpha, data[plane + i]! / alpha, data[2 * plane + i]! / alpha]);
    }
  }
  if (colours.length === 0) return undefined;
  let main: Colour = [0, 1, 2].map((c) => lowerMedian(colours.map((of) => of[c]!))) as never;
  for (let round = 0; round < rounds; round++) {
    const weights = colours.map((colour) => belonging(colour, main));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    if (total === 0) return main;
    const mean = (c: number) =>
      colours.reduce((sum, colour, i) => sum + weights[i]! * colour[c]!, 0) / total;
    main = [mean(0), mean(1), mean(2)];
  }
  return main;
}

/** The lower of the two in the middle, as PyTorch's median is. */
const lowerMedian = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)]!;

/** How far a colour is the main one in some light, in [0, 1]. */
function belonging(colour: Colour, main: Colour): number {
  const dot = (a: Colour, b: Colour) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
  const light = dot(colour, main) / Math.max(dot(main, main), 1e-6);
  const off = Math.hypot(...colour.map((value, c) => value - light * main[c]!));
  const unit = (value: number) => Math.min(Math.max(value, 0), 1);
  return unit((0.16 - off) / 0.08) * unit((light - 0.4) / 0.15) * unit((1.9 - light) / 0.3);
}

/** The name of a colour as it looks on a lit object. */
export function colourName([red, green, blue]: Colour): ColourWord {
  const value = Math.max(red, green, blue);
  const chroma = value - Math.min(red, green, blue);
  const saturation = value === 0 ? 0 : chroma / value;
  const hue = hueOf(red, green, blue, value, chroma);
  if (value < 0.22 || (value < 0.3 && saturation < 0.25)) return 'black';
  if (saturation < 0.17) return value > 0.61 ? 'white' : 'grey';
  if (hue < 15 || hue >= 345) {
    if (saturation < 0.5) return value > 0.6 ? 'pink' : 'brown';
    return 'red';
  }
  if (hue < 47) {
    if (saturation < 0.42 && value > 0.55) return 'beige';
    return value > 0.58 ? 'orange' : 'brown';
  }
  if (hue < 68) return saturation > 0.33 ? 'yellow' : 'beige';
  if (hue < 160) return 'green';
  if (hue < 196) return 'turquoise';
  if (hue < 255) return 'blue';
  if (hue < 315) return 'purple';
  return value > 0.5 ? 'pink' : 'purple';
}

/** In degrees. */
function hueOf(red: number, green: number, blue: number, value: number, chroma: number): number {
  if (chroma === 0) return 0;
  if (value === red) return (60 * ((green - blue) / chroma) + 360) % 360;
  if (value === green) return 60 * ((blue - red) / chroma + 2);
  return 60 * ((red - green) / chroma + 4);
}

/** Least alpha of a pixel whose colour is the object's alone. */
const covered = 0.9;

/** How near to the ends of [0, 1] a channel is saturated. */
const nearEnd = 0.02;

/** Share of the channels of covered pixels that are at one end of their range. NaN where there is no such pixel. */
export function saturatedShare({ views, count }: SquareViews): number {
  let [saturated, seen] = [0, 0];
  for (let view = 0; view < count; view++) {
    const data = viewAt(views, view, count);
    const plane = data.length / 4;
    for (let i = 0; i < 3 * plane; i++) {
      const alpha = data[3 * plane + (i % plane)]!;
      if (alpha < covered) continue;
      const straight = data[i]! / alpha;
      if (straight < nearEnd || straight > 1 - nearEnd) saturated++;
      seen++;
    }
  }
  return saturated / seen;
}

/**
 * Mean difference of a channel from the mean of its four neighbours, over pixels that are covered as those are: 0 for
 * any smooth colour. NaN where there is no such pixel.
 */
export function colourNoise({ views, count, size }: SquareViews): number {
  let [sum, seen] = [0, 0];
  const offsets = [0, 1, -1, size, -size];
  for (let view = 0; view < count; view++) {
    const data = viewAt(views, view, count);
    const plane = size * size;
    for (let y = 1; y < size - 1; y++) {
      for (let x = 1; x < size - 1; x++) {
        const at = y * size + x;
        if (offsets.some((offset) => data[3 * plane + at + offset]! < covered)) continue;
        for (let c = 0; c < 3; c++) {
          const straight = (i: number) => data[c * plane + i]! / data[3 * plane + i]!;
          const around = offsets
            .slice(1)
            .reduce((total, offset) => total + straight(at + offset), 0);
          sum += Math.abs(straight(at) - around / 4);
          seen++;
        }
      }
    }
  }
  return sum / seen;
}
