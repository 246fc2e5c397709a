import type { Readback } from '../gpu/readback';
import type { LevelName, Levels } from '../guidance/noise_level';
import { type Answers, batchOf, type Query, slotOf, type TextName } from '../guidance/queries';
import { viewsToImage } from '../image/strip';
import { type Manifest, seenOf } from '../prior/manifest';
import { NoiseSchedule } from '../prior/noise_schedule';
import { latentColours } from '../prior/space/preview';
import type { WatchedRow, WatchedStep } from '../protocol/reports';
import type { Draw } from './plan';

/** Where a step leaves what it saw, f32, until the next one. */
export interface SeenBuffers {
  /** [V, C, H, W] in [0, 1]: what the models see of the views. */
  readonly input: GPUBuffer;
  /** [V, C, H, W]: ∂L/∂input. */
  readonly inputGradient: GPUBuffer;
  readonly answers: Answers;
  /** [V, C, H, W, 2]: the objective's weighted terms. */
  readonly terms: GPUBuffer;
}

/** A question's noised views and what is predicted of them, [V, C, H, W] each. */
interface Answer {
  readonly query: Query;
  readonly z: Float32Array;
  readonly prediction: Float32Array;
}

/** What a step saw, on the CPU. */
export interface Seen {
  readonly levels: Levels;
  /** Of classifier-free guidance. */
  readonly scale: number;
  readonly input: Float32Array;
  /** Each question once. */
  readonly answers: readonly Answer[];
  readonly guided: { readonly conditional: Query; readonly unconditional: Query };
  readonly terms: Float32Array;
  readonly gradient: Float32Array;
}

/** What a manifest says of pictures and predictions. */
type Shape = PictureShape & Pick<Manifest, 'prediction' | 'alpha_bar'>;

/** Shows what a step saw: copies its buffers, and changes nothing. */
export class Microscope {
  readonly #manifest: Shape;
  readonly #readback: Readback;
  readonly #buffers: SeenBuffers;

  constructor(manifest: Shape, readback: Readback, buffers: SeenBuffers) {
    this.#manifest = manifest;
    this.#readback = readback;
    this.#buffers = buffers;
  }

  /** The step whose gradient was submitted last, before the fake score learns from it. */
  async look({ step, levels, now }: Draw): Promise<WatchedStep> {
    const { input, inputGradient, answers, terms } = this.#buffers;
    const { questions } = answers;
    const { channels, side } = seenOf(this.#manifest);
    const count = this.#manifest.views * channels * side ** 2;
    const seen: Seen = {
      levels,
      scale: now.guidance.scale,
      input: await this.#readback.floats(input, count),
      answers: [
        ...(await this.#answers('frozen', count, answers.z, answers.prediction)),
        ...(await this.#answers('fake', count, answers.fakeZ, answers.fakePrediction)),
      ],
      guided: { conditional: questions.cfgConditional, unconditional: questions.cfgUnconditional },
      terms: await this.#readback.floats(terms, 2 * count),
      gradient: await this.#readback.floats(inputGradient, count),
    };
    return { step, rows: watchedRows(seen, this.#manifest) };
  }

  async #answers(model: Query['model'], count: number, z?: GPUBuffer, prediction?: GPUBuffer) {
    if (!z || !prediction) return [];
    const batch = batchOf(this.#buffers.answers.questions, model);
    const answers: Answer[] = [];
    for (const [slot, query] of batch.entries()) {
      answers.push({
        query,
        z: await this.#readback.floats(z, count, slot * count),
        prediction: await this.#readback.floats(prediction, count, slot * count),
      });
    }
    return answers;
  }
}

const levelSymbols: Readonly<Record<LevelName, string>> = {
  dm: 'τ',
  baseline: 'τ⁺',
  cfg: "τ'",
};

const textSymbols: Readonly<Record<TextName, string>> = {
  prompt: 'y',
  empty: '∅',
  negative: 'y⁻',
  defects: 'defects',
};

/** How many deviations of a signed quantity white stands for. */
const deviations = 3;

/** What a step saw as pictures: the views, the noised ones, each answer, both terms and the gradient. */
export function watchedRows(seen: Seen, manifest: Shape): WatchedRow[] {
  const { levels, answers, terms, guided } = seen;
  const schedule = new NoiseSchedule(manifest.alpha_bar);
  const show = pictures(manifest);
  const decomposed = ({ z, prediction, query }: Answer) => {
    const { timestep } = levels[query.level];
    const each = z.map((_, e) => e);
    const of = (e: number) =>
      schedule.decompose(prediction[e]!, manifest.prediction, z[e]!, timestep);
    return { epsilon: each.map((e) => of(e).epsilon), clean: each.map((e) => of(e).clean) };
  };
  const told = answers.map((answer) => {
    const { model, text, level, blind } = answer.query;
    const [network, conditions] = model === 'frozen' ? ['φ', ''] : ['ψ', blind ? '' : ', c'];
    const asked = `(z_${levelSymbols[level]}; ${textSymbols[text]}${conditions})`;
    return {
      ...answer,
      ...decomposed(answer),
      id: `${model}-${text}-${level}${blind ? '-blind' : ''}`,
      noise: `ε_${network}${asked}`,
      estimate: `x̂_${network}${asked}`,
    };
  });
  const levelsAsked = answers.filter(
    ({ query }, i) => answers.findIndex((other) => other.query.level === query.level) === i,
  );
  const of = (query: Query) =>
    told[
      slotOf(
        answers.map((answer) => answer.query),
        query,
      )
    ]!;
  const conditional = of(guided.conditional);
  const unconditional = of(guided.unconditional);
  const guidedClean = conditional.clean.map((clean, e) => {
    const without = unconditional.clean[e]!;
    return without + seen.scale * (clean - without);
  });
  const term = (index: number) => seen.input.map((_, e) => terms[2 * e + index]!);
  return [
    show.picture('views', 'x', 'the views, as the models see them', seen.input),
    ...levelsAsked.map(({ query: { level }, z }) =>
      show.picture(
        `noised-${level}`,
        `z_${levelSymbols[level]}`,
        `the views noised to timestep ${levels[level].timestep}`,
        z.map(unit),
      ),
    ),
    ...told.map(({ id, noise, epsilon }) =>
      show.signed(`noise-${id}`, noise, 'the noise that is predicted', epsilon),
    ),
    ...told.map(({ id, estimate, clean }) =>
      show.picture(
        `clean-${id}`,
        estimate,
        'the picture that this leads to in one step',
        clean.map(unit),
      ),
    ),
    show.picture(
      'clean-guided',
      `x̂_φ(z_${levelSymbols[guided.conditional.level]}), s = ${Number(seen.scale.toPrecision(3))}`,
      'the picture that guidance leads to in one step, before it is held',
      guidedClean.map(unit),
    ),
    show.signed('dm', 'w λ_DM [ε_φ − b]', 'the distribution-matching term', term(0)),
    show.signed('cfg', 'w λ_CFG [ε_φ(y) − ε_φ(∅)]', 'the guidance term', term(1)),
    show.signed(
      'gradient',
      '−∂L/∂x',
      'where the views are moved',
      seen.gradient.map((g) => -g),
    ),
  ];
}

/** From the models' [-1, 1] to [0, 1]. */
export const unit = (value: number) => (value + 1) / 2;

/** Of views that are shown: how many, their channels, their side, and those of latents instead of them. */
export type PictureShape = Pick<Manifest, 'views' | 'channels' | 'resolution' | 'latent'>;

/** Rows of views of a shape, over white. */
export function pictures(shape: PictureShape) {
  const { views: count, latent } = shape;
  const { channels, side: size } = seenOf(shape);
  const plane = size * size;
  const colours = latent ? 3 : channels;
  /** [V, C, H, W] as [V, 4, H, W]; `opaque` where there is no alpha. */
  const rgba = (all: Float32Array, opaque: number) => {
    const values = latent ? latentColours(all, channels, size) : all;
    return Float32Array.from({ length: count * 4 * plane }, (_, i) => {
      const channel = Math.floor(i / plane) % 4;
      const view = Math.floor(i / (4 * plane));
      if (channel >= colours) return opaque;
      return values[(view * colours + channel) * plane + (i % plane)]!;
    });
  };
  /** In [0, 1], which of latents is that of their colours. */
  const shown = (values: Float32Array) =>
    latent
      ? rgba(
          values.map((v) => 2 * v - 1),
          1,
        ).map(unit)
      : rgba(values, 1);
  const row = (id: string, title: string, summary: string) => ({ id, title, summary });
  return {
    picture(id: string, title: string, summary: string, values: Float32Array): WatchedRow {
      const image = viewsToImage(shown(values), { count, size });
      return { ...row(id, title, summary), range: null, image };
    },
    /** A change of views: over white, what a colour C and an opacity A add is C − A. */
    signed(id: string, title: string, summary: string, values: Float32Array): WatchedRow {
      const all = rgba(values, 0);
      const squares = values.reduce((sum, value) => sum + value * value, 0);
      const range = deviations * Math.sqrt(squares / values.length);
      const scale = range > 0 ? 0.5 / range : 0;
      const grey = all.map((value, i) => {
        const channel = Math.floor(i / plane) % 4;
        const alpha = all[i + (3 - channel) * plane]!;
        return channel === 3 ? 1 : 0.5 + scale * (value - alpha);
      });
      const image = viewsToImage(grey, { count, size });
      return { ...row(id, title, summary), range, image };
    },
  };
}
