/** Page: GANs on the plane, trained in the tab, side by side from one seed. */
import type { InferOutput } from 'valibot';
import { choice, entriesOf, group, integer, number } from '../../schema';
import { Gan } from '../networks/gan';
import { ganLosses } from '../networks/gan_losses';
import type { Ort } from '../networks/session';
import { openOrt } from '../networks/web';
import { Chart } from '../page/chart';
import { button, html, linkButton } from '../page/elements';
import { settingsFrom, settingsInto } from '../page/link';
import type { Mount } from '../page/mount';
import { Panel } from '../page/panel';
import { csv, savePng, saveSvg, saveText } from '../page/save';
import { Transport } from '../page/transport';
import { type TargetId, targetIds, targets } from '../plane/targets';
import { parallelLines } from './gan/lines';
import { GanPane, ganColours } from './gan/pane';
import { Relief } from './plane/view';

const schema = group('GANs', {
  target: choice<TargetId>({
    label: 'Target',
    help: 'the data',
    default: 'two',
    choices: targetIds,
  }),
  seed: integer({
    label: 'Seed',
    help: 'of the weights and of every draw',
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
  }),
  turns: integer({
    label: 'D’s steps',
    help: 'steps of the discriminator for one of the generator',
    default: 2,
    min: 0,
    max: 10,
  }),
  generatorRate: number({
    label: 'G’s rate',
    help: 'learning rate of the generator',
    default: 0.002,
    min: 0.0001,
    max: 0.02,
  }),
  discriminatorRate: number({
    label: 'D’s rate',
    help: 'learning rate of the discriminator',
    default: 0.004,
    min: 0.0001,
    max: 0.02,
  }),
});
type Values = InferOutput<typeof schema>;
const entries = entriesOf(schema);

const words = `
  <h2>GANs on the plane</h2>
  <p>A network makes points out of noise, another tells them from the data, and its slope (the arrows) is what the first
  follows. Both are ONNX graphs that carry their own gradients, trained here by the engine that trains the 3D runs.
  Five losses, one seed.</p>`;

export const mount: Mount = (query, desk) => {
  let values: Values = settingsFrom(schema, entries, query);
  const element = html('section', { class: 'lab-page' });
  const panes = ganLosses.map((loss) => new GanPane(loss));
  let target = targets[values.target].make().asked;
  let relief: Relief;
  let isDisposed = false;
  const charts = {
    distance: new Chart({ title: 'W₁ to the data', y: [0, undefined], xName: 'step of G' }),
    covered: new Chart({ title: 'Modes covered', y: [0, 1], xName: 'step of G' }),
  };

  const transport = new Transport(
    {
      step: () => turn(values.turns, 1),
      draw: () => void draw(),
      reset: () => void begin(),
      failed: (error) => {
        if (!isDisposed) desk.say(error);
      },
    },
    desk.keys,
  );

  /** So many steps of the discriminator, then of the generator, of every pane. */
  async function turn(discriminator: number, generator: number): Promise<void> {
    for (const { gan } of panes) {
      if (!gan || isDisposed) return;
      for (let k = 0; k < discriminator; k++) await gan.stepDiscriminator();
      for (let k = 0; k < generator; k++) await gan.stepGenerator();
    }
  }

  const runtime: Promise<Ort> = openOrt();
  let loading: Promise<void> = Promise.resolve();
  const state = html('p', { class: 'legend', 'aria-live': 'polite' }, 'Loading the networks…');

  function begin(): Promise<void> {
    transport.pause();
    loading = loading.then(prepare).catch((error: unknown) => desk.say(error));
    return loading;
  }

  async function prepare(): Promise<void> {
    if (isDisposed) return;
    target = targets[values.target].make().asked;
    relief = new Relief(element, target);
    const ort = await runtime;
    for (const pane of panes) {
      if (isDisposed) return;
      const known = pane.gan;
      pane.begin(
        known ? known.restarted(target, values) : await Gan.create(ort, pane.loss, target, values),
      );
      await pane.draw(relief, target);
    }
    state.textContent = '';
    element.dataset.ready = '';
    drawCharts();
  }

  let isDrawing = false;
  async function draw(): Promise<void> {
    if (isDrawing || isDisposed) return;
    isDrawing = true;
    try {
      for (const pane of panes) await pane.draw(relief, target);
      drawCharts();
    } catch (error) {
      if (!isDisposed) desk.say(error);
    } finally {
      isDrawing = false;
    }
  }

  function drawCharts(): void {
    for (const [name, chart] of Object.entries(charts)) {
      chart.set(
        panes.map(({ loss, history }) => ({
          name: loss.title,
          colour: ganColours[loss.id],
          xs: history.step,
          ys: history[name as keyof typeof charts],
        })),
      );
    }
  }

  const panel = new Panel(
    entries,
    (path, value) => {
      values = { ...values, [path]: value };
      desk.quiet();
      if (path === 'target' || path === 'seed') void begin();
      else for (const { gan } of panes) if (gan) gan.settings = values;
      desk.remember(settingsInto(entries, values));
    },
    Object.fromEntries(targetIds.map((id) => [id, targets[id].title])),
  );
  const alone = (label: string, discriminator: number, generator: number) =>
    button(
      label,
      () => {
        transport.pause();
        turn(discriminator, generator).then(draw, desk.say);
      },
      'A step of one player alone',
    );
  const saveCurves = () => {
    const columns = panes.flatMap(({ loss, history }) =>
      Object.entries(history).map(([name, list]) => [`${loss.id} ${name}`, list] as const),
    );
    saveText('gan.csv', csv(Object.fromEntries(columns)));
  };
  const pictures = () =>
    panes.map(({ loss, view }) => ({ title: loss.title, canvas: view.canvas }));
  const header = html('header');
  header.innerHTML = words;
  for (const chart of Object.values(charts)) chart.element.classList.add('card');
  element.append(
    header,
    html(
      'div',
      { class: 'stage' },
      html('div', { class: 'plane-panes' }, ...panes.map((pane) => pane.element)),
      html('div', { class: 'charts' }, ...Object.values(charts).map((chart) => chart.element)),
      parallelLines(),
    ),
    html(
      'aside',
      { class: 'side', 'aria-label': 'Settings' },
      transport.element,
      html(
        'div',
        { class: 'exports' },
        alone('Discriminator alone', 1, 0),
        alone('Generator alone', 0, 1),
      ),
      state,
      panel.element,
      html('hr'),
      html(
        'div',
        { class: 'exports' },
        button('CSV', saveCurves, 'The curves of all losses'),
        button('PNG', () => void savePng('gan.png', pictures()), 'The planes as a picture'),
        button('SVG', () => saveSvg('gan.svg', charts.distance.picture), 'W₁ as a picture'),
        linkButton(desk.say),
      ),
    ),
  );
  panel.show(values);
  for (const chart of Object.values(charts)) chart.set([]);
  // Colours are known once the page is in the document.
  requestAnimationFrame(() => void begin());
  return {
    element,
    dispose: () => {
      isDisposed = true;
      transport.dispose();
      void loading.then(() => Promise.all(panes.map(({ gan }) => gan?.dispose())));
    },
  };
};
