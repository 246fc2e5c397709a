/** Page: the family of score distillation side by side, from one seed, with exact scores. */

import { LimbeckError } from '../../errors';
import { type Entry, entriesOf } from '../../schema';
import { Chart } from '../page/chart';
import { button, html, linkButton } from '../page/elements';
import { settingsFrom, settingsInto } from '../page/link';
import type { Mount } from '../page/mount';
import { Panel } from '../page/panel';
import { csv, savePng, saveSvg, saveText } from '../page/save';
import { setFormulas } from '../page/tex';
import { Transport } from '../page/transport';
import { blur, blurredTarget } from '../plane/measures';
import { type PlaneMethodId, planeMethodIds, planeMethodOf, planeMethods } from '../plane/methods';
import { type PlaneSettings, planeSettings } from '../plane/settings';
import { ownTarget, parsePoints, pointsText, type Target, targets } from '../plane/targets';
import { TargetEditor } from './plane/editor';
import { methodColours, Pane } from './plane/pane';
import { Relief } from './plane/view';

const entries: readonly Entry[] = entriesOf(planeSettings);
/** Settings that need a new start: the others change a run as it goes. */
const fromStart = ['target', 'seed', 'particles', 'start'];

const words = `
  <h2>Score distillation on the plane</h2>
  <p>Seven methods move the same particles from the same start, with the same noises. Noise blurs the particles and the
  target until they overlap; there two scores are compared, and their difference is the step. The scores are exact:
  what you see is the method, not a network’s error.</p>`;

const formula = String.raw`\nabla_x = \lambda_{DM}\, w\, [\epsilon_\phi(z_\tau;y) - b] + \lambda_{CFG}\, w\, [\epsilon_\phi(z_{\tau'};y) - \epsilon_\phi(z_{\tau'};\emptyset)]`;

/** @throws LimbeckError for a name that is no method, and for none at all. */
function methodsFrom(text: string | null): PlaneMethodId[] {
  if (text === null) return [...planeMethodIds];
  const names = text.split(',');
  const unknown = names.find((name) => !planeMethodIds.some((id) => id === name));
  if (unknown !== undefined) {
    throw new LimbeckError(
      `The link has the method '${unknown.slice(0, 40)}'.`,
      `There are ${planeMethodIds.join(', ')}.`,
    );
  }
  return planeMethodIds.filter((id) => names.includes(id));
}

export const mount: Mount = (query, desk) => {
  let settings: PlaneSettings = settingsFrom(planeSettings, entries, query, ['points', 'methods']);
  let chosen = methodsFrom(query.get('methods'));
  let points = parsePoints(query.get('points') ?? '');
  let target = targetOf();
  let logTarget = blurredTarget(target.asked);
  let arrows = true;

  const element = html('section', { class: 'lab-page' });
  const panes = planeMethods.map((method) => new Pane(method, target, settings));
  const shownPanes = () => panes.filter(({ method }) => chosen.includes(method.id));
  const stage = html('div', { class: 'stage' });
  const grid = html('div', { class: 'plane-panes' });
  let relief: Relief;
  const editor = new TargetEditor((next) => {
    points = next;
    change('target', 'own');
  });

  const charts = {
    covered: new Chart({ title: 'Modes covered', y: [0, 1], xName: 'step' }),
    kl: new Chart({
      title: `KL(q ‖ p), both blurred by ${blur}`,
      y: [0, undefined],
      xName: 'step',
    }),
    variance: new Chart({
      title: 'Variance of a draw’s gradient',
      y: [0, undefined],
      xName: 'step',
    }),
  };

  /** @throws LimbeckError when a target of one's own has no points. */
  function targetOf(): Target {
    return settings.target === 'own' ? ownTarget(points) : targets[settings.target].make();
  }

  const transport = new Transport(
    {
      step: () => {
        for (const pane of shownPanes()) pane.advance(logTarget);
      },
      draw,
      reset: begin,
      failed: desk.say,
    },
    desk.keys,
  );

  function begin(): void {
    target = targetOf();
    logTarget = blurredTarget(target.asked);
    relief = new Relief(element, target.asked);
    for (const pane of panes) pane.begin(target, settings, logTarget);
    editor.show(relief, settings.target === 'own' ? points : []);
  }

  function layOut(): void {
    grid.replaceChildren(...shownPanes().map((pane) => pane.element), editor.element);
  }

  function draw(): void {
    const shown = shownPanes();
    for (const pane of shown) pane.draw(relief, settings, arrows);
    stage.dataset.step = String(shown[0]?.step ?? 0);
    for (const [name, chart] of Object.entries(charts)) {
      chart.set(
        shown.map(({ method, record }) => ({
          name: method.title,
          colour: methodColours[method.id],
          xs: record.step,
          ys: record[name as keyof typeof charts],
        })),
      );
    }
  }

  function change(path: string, value: unknown): void {
    const before = settings;
    settings = { ...settings, [path]: value };
    try {
      desk.quiet();
      if (fromStart.includes(path)) {
        const wasPlaying = transport.isPlaying;
        transport.reset();
        if (wasPlaying) transport.play();
      } else for (const pane of panes) pane.settings = settings;
    } catch (error) {
      settings = before;
      desk.say(error);
    }
    panel.show(settings);
    draw();
    remember();
  }

  function remember(): void {
    const next = settingsInto(entries, settings);
    if (chosen.length < planeMethodIds.length) next.set('methods', chosen.join());
    if (settings.target === 'own') next.set('points', pointsText(points));
    desk.remember(next);
  }

  const titles = Object.fromEntries(Object.entries(targets).map(([id, { title }]) => [id, title]));
  const panel = new Panel(entries, change, {
    ...titles,
    own: 'Drawn by you',
    heap: 'In a heap',
    wide: 'All over',
  });

  const chips = html('fieldset', { class: 'chips', 'aria-label': 'Methods' });
  for (const id of planeMethodIds) {
    const input = html('input', { type: 'checkbox' });
    input.checked = chosen.includes(id);
    const chip = html('label', {}, input, html('span', {}, planeMethodOf(id).title));
    chip.style.setProperty('--colour', `var(${methodColours[id]})`);
    input.addEventListener('change', () => {
      const next = planeMethodIds.filter((other) =>
        other === id ? input.checked : chosen.includes(other),
      );
      if (next.length === 0) {
        input.checked = true;
        return;
      }
      chosen = next;
      layOut();
      transport.reset();
      remember();
    });
    chips.append(chip);
  }
  const arrowsBox = html('input', { type: 'checkbox' });
  arrowsBox.checked = true;
  arrowsBox.addEventListener('change', () => {
    arrows = arrowsBox.checked;
    draw();
  });

  const header = html('header');
  header.innerHTML = words;
  const shownFormula = html(
    'p',
    { class: 'formulas', tabindex: '0' },
    html('span', { 'data-tex': formula }),
  );
  setFormulas(shownFormula);
  const chartRow = html(
    'div',
    { class: 'charts' },
    ...Object.values(charts).map((chart) => {
      chart.element.classList.add('card');
      return chart.element;
    }),
  );
  stage.append(shownFormula, chips, grid, chartRow);
  const saveCurves = () => {
    const columns = shownPanes().flatMap(({ method, record }) =>
      Object.entries(record).map(
        ([name, list]) => [`${method.id} ${name}`, list as number[]] as const,
      ),
    );
    saveText('plane.csv', csv(Object.fromEntries(columns)));
  };
  const savePictures = () =>
    savePng(
      'plane.png',
      shownPanes().map(({ method, view }) => ({ title: method.title, canvas: view.canvas })),
    );
  element.append(
    header,
    stage,
    html(
      'aside',
      { class: 'side', 'aria-label': 'Settings' },
      transport.element,
      panel.element,
      html(
        'label',
        { class: 'switch', title: 'Where each term would move a particle' },
        arrowsBox,
        html(
          'span',
          { class: 'terms' },
          'Arrows: ',
          html('b', {}, 'matching'),
          ', ',
          html('b', {}, 'guidance'),
        ),
      ),
      html('hr'),
      html(
        'div',
        { class: 'exports' },
        button('CSV', saveCurves, 'The curves of all methods'),
        button('PNG', () => void savePictures(), 'The planes as a picture'),
        button(
          'SVG',
          () => saveSvg('plane.svg', charts.covered.picture),
          'The modes covered as a picture',
        ),
        linkButton(desk.say),
      ),
    ),
  );
  layOut();
  panel.show(settings);
  begin();
  // Colours are known once the page is in the document.
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  const recolour = () => {
    relief = new Relief(element, target.asked);
    editor.show(relief, settings.target === 'own' ? points : []);
    draw();
  };
  scheme.addEventListener('change', recolour);
  requestAnimationFrame(recolour);
  return {
    element,
    dispose: () => {
      scheme.removeEventListener('change', recolour);
      transport.dispose();
    },
  };
};
