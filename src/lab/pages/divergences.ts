/** Page: one mixture fitted to another under the forward KL, the reverse KL and JS_β. */
import type { InferOutput } from 'valibot';
import { normal } from '../../random';
import { entriesOf, group, integer, number } from '../../schema';
import { compare, type Divergence } from '../line/divergence';
import { type Fit, optima, startFit, stepFit } from '../line/fit';
import { logDensity, type Mixture, mixture, mixtureText, parseMixture } from '../line/mixture';
import { Chart, type Curve } from '../page/chart';
import { button, html, linkButton } from '../page/elements';
import { settingsFrom, settingsInto } from '../page/link';
import type { Mount } from '../page/mount';
import { Panel } from '../page/panel';
import { csv, saveSvg, saveText } from '../page/save';
import { setFormulas } from '../page/tex';
import { Transport } from '../page/transport';
import { ModeHandles } from './divergences/handles';
import { LandscapeView } from './divergences/landscape_view';

const schema = group('Divergences', {
  beta: number({
    label: 'β',
    help: 'of JS_β: 0 is the forward KL divergence, 1 the reverse',
    default: 0.3,
    min: 0,
    max: 1,
  }),
  parts: integer({
    label: 'Gaussians of q',
    help: 'how many Gaussians are fitted',
    default: 1,
    min: 1,
    max: 4,
  }),
  seed: integer({
    label: 'Seed',
    help: 'of where the fits start',
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
  }),
});
type Values = InferOutput<typeof schema>;
const entries = entriesOf(schema);

const firstTarget = '2N(-2, 0.5) + N(2.2, 0.8)';
/** The part of the line that is shown. */
export const line = { means: [-6, 6], deviations: [0.15, 6] } as const;

/** The three fits: their divergences, colours and names. */
const rivals = [
  {
    id: 'forward',
    title: 'Forward KL',
    colour: '--copper',
    of: (): Divergence => ({ kind: 'forward' }),
  },
  {
    id: 'js',
    title: 'JS_β',
    colour: '--lapis',
    of: (beta: number): Divergence => ({ kind: 'js', beta }),
  },
  {
    id: 'reverse',
    title: 'Reverse KL',
    colour: '--verdigris',
    of: (): Divergence => ({ kind: 'reverse' }),
  },
] as const;

const words = `
  <h2>Divergences</h2>
  <p>A density <i>q</i> is fitted to a target <i>p</i>. What it becomes depends on how the two are compared:
  the forward KL divergence wants <i>q</i> wherever <i>p</i> is, the reverse wants <i>p</i> wherever <i>q</i> is,
  and JS<sub>β</sub> goes from the one to the other. Drag the modes of <i>p</i>.</p>`;

const formulas = `
  <span class="in-forward" data-tex="KL(p \\Vert q) = \\int p log \\frac{p}{q}"></span>
  <span class="in-js" data-tex="JS_\\beta = \\beta KL(p \\Vert m) + (1-\\beta) KL(q \\Vert m), \\; m = \\beta p + (1-\\beta) q"></span>
  <span class="in-reverse" data-tex="KL(q \\Vert p) = \\int q log \\frac{q}{p}"></span>`;

const xs = Float64Array.from({ length: 361 }, (_, i) => -6 + i / 30);
const densityOf = (m: Mixture) => xs.map((x) => Math.exp(logDensity(m, x)));

export const mount: Mount = (query, desk) => {
  let values: Values = settingsFrom(schema, entries, query, ['p']);
  let p = parseMixture(query.get('p') ?? firstTarget, 'The target');
  let fits: Fit[] = [];
  let start: Mixture = [];
  let steps = 0;
  const history: Record<string, number[]> = {};

  const divergences = () => rivals.map(({ of }) => of(values.beta));
  const chart = new Chart({
    title: 'The densities',
    x: [-6, 6],
    y: [0, undefined],
    width: 840,
    height: 300,
  });
  const handles = new ModeHandles(chart, (moved) => setTarget(moved));
  const maps = rivals.map(
    ({ title, colour }) => new LandscapeView(title, colour, line, (at) => beginAt(at)),
  );
  const numbers = html('div', {
    class: 'numbers-scroll card',
    tabindex: '0',
    role: 'region',
    'aria-label': 'Numbers',
  });
  const text = html('input', { type: 'text', spellcheck: 'false', autocomplete: 'off' });

  const transport = new Transport(
    {
      step: () => {
        const kinds = divergences();
        fits = fits.map((fit, i) => stepFit(kinds[i]!, p, fit));
        steps++;
        record();
        if (fits.every(({ rate }) => rate === 0)) transport.pause();
      },
      draw,
      reset: begin,
      failed: desk.say,
    },
    desk.keys,
  );

  function seededStart(): Mixture {
    return mixture(
      Array.from({ length: values.parts }, (_, k) => ({
        mean: 2 * normal(values.seed, 201, 0, k),
        deviation: Math.exp(0.25 * normal(values.seed, 202, 0, k)),
        weight: 1,
      })),
    );
  }

  function begin(): void {
    start = seededStart();
    restart();
  }

  function beginAt(at: { readonly mean: number; readonly deviation: number }): void {
    if (values.parts > 1) return;
    start = [{ ...at, weight: 1 }];
    restart();
    draw();
  }

  function restart(): void {
    steps = 0;
    for (const name of Object.keys(history)) delete history[name];
    const kinds = divergences();
    fits = kinds.map((divergence) => startFit(divergence, p, start));
    for (const map of maps) map.clearPath();
    record();
  }

  function record(): void {
    const add = (name: string, value: number) => {
      history[name] ??= [];
      history[name].push(value);
    };
    add('step', steps);
    fits.forEach(({ q, value }, i) => {
      const { id } = rivals[i]!;
      add(`${id} objective`, value);
      q.forEach((part, k) => {
        add(`${id} mean ${k + 1}`, part.mean);
        add(`${id} deviation ${k + 1}`, part.deviation);
        add(`${id} weight ${k + 1}`, part.weight);
      });
      maps[i]!.addToPath(q[0]!);
    });
  }

  /** A new target or β: the fits go on from where they are. */
  function revalue(): void {
    const kinds = divergences();
    fits = fits.map(({ q }, i) => startFit(kinds[i]!, p, q));
  }

  let pending = 0;
  function showLandscapes(dragging: boolean): void {
    clearTimeout(pending);
    const isShown = values.parts === 1;
    for (const map of maps) map.element.hidden = !isShown;
    if (!isShown) return;
    const kinds = divergences();
    for (const [i, map] of maps.entries()) map.survey(kinds[i]!, p, dragging ? 18 : 36);
    if (dragging) pending = window.setTimeout(() => showLandscapes(false), 160);
    else for (const [i, map] of maps.entries()) map.mark(optima(kinds[i]!, p));
  }

  function setTarget(next: Mixture, dragging = true): void {
    p = next;
    text.value = mixtureText(p);
    text.removeAttribute('aria-invalid');
    desk.quiet();
    revalue();
    draw();
    showLandscapes(dragging);
    remember();
  }

  function remember(): void {
    const next = settingsInto(entries, values);
    const target = mixtureText(p);
    if (target !== mixtureText(parseMixture(firstTarget))) next.set('p', target);
    desk.remember(next);
  }

  function draw(): void {
    const curves: Curve[] = [
      { name: 'target p', colour: '--muted', xs, ys: densityOf(p), filled: true },
      ...fits.map(({ q }, i) => ({
        name: rivals[i]!.title,
        colour: rivals[i]!.colour,
        xs,
        ys: densityOf(q),
      })),
    ];
    chart.set(curves);
    handles.draw(p);
    for (const [i, { q, value }] of fits.entries()) maps[i]!.showNow(q[0]!, value);
    drawNumbers();
  }

  function drawNumbers(): void {
    const rows = fits.map(({ q }, i) => {
      const { title, colour } = rivals[i]!;
      const c = compare(p, q, values.beta);
      const cells = [c.forward, c.reverse, c.js, c.jsOverBeta, c.jsOverRest];
      const head = html('th', { scope: 'row' }, title);
      head.style.setProperty('--colour', `var(${colour})`);
      return html('tr', {}, head, ...cells.map((value) => html('td', {}, shown(value))));
    });
    const heads = ['Fit under', 'KL(p‖q)', 'KL(q‖p)', 'JS_β', 'JS_β / β', 'JS_β / (1−β)'];
    const limits = 'JS_β / β tends to KL(p‖q) as β → 0, and JS_β / (1−β) to KL(q‖p) as β → 1.';
    numbers.replaceChildren(
      html(
        'table',
        { class: 'numbers' },
        html(
          'thead',
          {},
          html('tr', {}, ...heads.map((name) => html('th', { scope: 'col' }, name))),
        ),
        html('tbody', {}, ...rows),
      ),
      html('p', { class: 'legend' }, limits),
    );
  }

  const panel = new Panel(entries, (path, value) => {
    values = { ...values, [path]: value };
    if (path === 'beta') revalue();
    else begin();
    draw();
    showLandscapes(path === 'beta');
    remember();
  });
  text.addEventListener('change', () => {
    try {
      setTarget(parseMixture(text.value, 'The target'), false);
    } catch (error) {
      text.setAttribute('aria-invalid', 'true');
      desk.say(error);
    }
  });

  const exports = html(
    'div',
    { class: 'exports' },
    button('CSV', () => saveText('divergences.csv', csv(history)), 'The fits, step by step'),
    button('SVG', () => saveSvg('divergences.svg', chart.picture), 'The densities as a picture'),
    linkButton(desk.say),
  );
  const element = html('section', { class: 'lab-page' });
  const header = html('header');
  header.innerHTML = words;
  const shownFormulas = html('div', { class: 'formulas' });
  shownFormulas.innerHTML = formulas;
  setFormulas(shownFormulas);
  chart.element.classList.add('card', 'wide-chart');
  const landscapes = html('div', { class: 'landscapes' }, ...maps.map((map) => map.element));
  element.append(
    header,
    html('div', { class: 'stage' }, shownFormulas, chart.element, landscapes, numbers),
    html(
      'aside',
      { class: 'side', 'aria-label': 'Settings' },
      transport.element,
      panel.element,
      html('label', { class: 'field-text' }, 'Target p', text),
      html('hr'),
      exports,
    ),
  );
  panel.show(values);
  text.value = mixtureText(p);
  begin();
  draw();
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recolour = () => showLandscapes(false);
  scheme.addEventListener('change', recolour);
  // Colours are known once the page is in the document.
  requestAnimationFrame(recolour);
  return {
    element,
    dispose: () => {
      clearTimeout(pending);
      scheme.removeEventListener('change', recolour);
      transport.dispose();
    },
  };
};

function shown(value: number): string {
  return value < 1e-4 ? value.toExponential(1).replace('-', '−') : value.toPrecision(4);
}
