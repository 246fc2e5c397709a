import { inWords } from '../errors';
import type { Command, Report, RunId } from '../protocol/messages';
import { type Settings, SettingsError, validatePrompt } from '../settings';
import { setUpFileButton, setUpLinkButton } from './buttons';
import { type Choices, choicesOf, draftOf, firstChoices, isSame, settingsOf } from './choices';
import { download, find, setText } from './dom';
import { drawnWords, showEngineInfo } from './engine_info';
import { Pane } from './pane';
import { Panel } from './panel';
import { PriorChoice } from './prior_choice';
import { ProgressBar } from './progress_bar';
import { type FormAction, PromptForm } from './prompt_form';
import { Refresh } from './refresh';
import { RunChips } from './run_chips';
import { runIdAt } from './run_ids';
import { lineOf, runNames } from './run_names';
import { SampleStrip } from './sample_strip';
import { Segments } from './segments';
import { SessionProgress } from './session_progress';
import { shadings } from './shading';
import { fromHash, toHash } from './share';

/** The engine, as the page knows it. */
export interface EngineLink {
  send(command: Command, transfer?: Transferable[]): void;
  listen(listener: (report: Report) => void): void;
}

/** The priors that may be chosen, by the word for each in an address, and the word or the folder in this one. */
export interface Priors {
  readonly names: Readonly<Record<string, string>>;
  readonly chosen: string;
}

/** The page: what the visitor chooses goes to the engine, what the engine reports is shown. */
export class Page {
  readonly #engine: EngineLink;
  readonly #form: PromptForm;
  readonly #chips: RunChips;
  readonly #panel: Panel;
  /** Those that were ever needed: a canvas is handed to the engine once. */
  readonly #panes = new Map<RunId, Pane>();
  readonly #prior: PriorChoice;
  readonly #progress: ProgressBar;
  readonly #sample: SampleStrip;
  readonly #session = new SessionProgress();
  readonly #refresh = new Refresh(() => this.#draw());
  #choices: Choices = firstChoices;
  /** What the page asked the engine to start. */
  #asked: ReadonlyMap<RunId, Settings> = new Map();
  #shared = '';

  /** @param engine was told to open. */
  constructor(engine: EngineLink, priors: Priors) {
    this.#engine = engine;
    this.#prior = new PriorChoice(find(document, '#prior-choice'), priors.names, priors.chosen);
    this.#progress = new ProgressBar(document);
    this.#sample = new SampleStrip(document, () => engine.send({ type: 'sample', request: null }));
    const problem = this.#readLink();
    this.#form = new PromptForm(document, this.#choices, {
      change: (part) => this.#change(part),
      act: (action) => this.#act(action),
    });
    this.#chips = new RunChips(document, {
      change: (part) => this.#change(part),
      openSettings: (place) => this.#openSettings(place),
    });
    this.#panel = new Panel(find(document, '#panel'), this.#choices, {
      change: (part) => this.#change(part),
      refuse: (message) => this.#notice(message),
    });
    this.#listen();
    engine.listen((report) => this.#hear(report));
    this.#choose(this.#choices);
    this.#notice(problem);
    this.#refresh.request();
  }

  /** Takes the choices out of the address; says what was not understood. */
  #readLink(): string {
    try {
      this.#choices = fromHash(location.hash);
      return '';
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      return `The link was not understood: ${inWords(error)} The page starts with its own settings.`;
    }
  }

  #listen(): void {
    find(document, '#notice button').addEventListener('click', () => this.#notice(''));
    const shading = new Segments(find(document, '#shading'), shadings, (mode) =>
      this.#engine.send({ type: 'shade', shading: mode }),
    );
    shading.value = shadings[0]!.value;
    find(document, '#settings').addEventListener('click', () => {
      this.#panel.open = !this.#panel.open;
      this.#showSettingsButton();
    });
    setUpLinkButton(find(document, '#share'));
    setUpFileButton(find(document, '#open-checkpoint'), find(document, '#checkpoint-file'), {
      take: (bytes) => this.#engine.send({ type: 'load', run: runIdAt(0), bytes }, [bytes.buffer]),
      refuse: (message) => this.#notice(message),
    });
    addEventListener('hashchange', () => {
      if (location.hash.slice(1) !== toHash(this.#choices)) location.reload();
    });
    addEventListener('keydown', (event) => {
      const typing = (event.target as Element).closest('input, select, textarea, button, a');
      if (event.key !== ' ' || typing) return;
      event.preventDefault();
      const { state } = this.#session;
      if (state === 'training' || state === 'paused') this.#form.act();
    });
  }

  #openSettings(place: number): void {
    this.#panel.openFor(place);
    this.#showSettingsButton();
  }

  #showSettingsButton(): void {
    find(document, '#settings').setAttribute('aria-expanded', String(this.#panel.open));
  }

  #change(part: Partial<Choices>): void {
    this.#choose({ ...this.#choices, ...part });
  }

  #choose(choices: Choices): void {
    this.#choices = choices;
    this.#form.show(choices);
    this.#chips.show(choices);
    this.#panel.show(choices);
    const hash = toHash(choices);
    history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    this.#showPanes();
  }

  /** A pane for each run; while there is none, for each that may be started. */
  #showPanes(): void {
    const { runs } = this.#session;
    const chosen = this.#choices.runs.map(
      (run, i) => [runIdAt(i), draftOf(this.#choices, run)] as const,
    );
    const shown = new Map(runs.size > 0 ? runs : chosen);
    const names = runNames([...shown.values()]);
    [...shown].forEach(([run, settings], i) => {
      this.#paneOf(run).describe(names[i]!, settings);
    });
    for (const [run, pane] of this.#panes) pane.visible = shown.has(run);
    find(document, '#panes').dataset.count = String(shown.size);
    const fields = [...shown.values()].filter(({ generator }) => generator === 'field');
    find(document, '#shading').hidden = fields.length === 0;
  }

  #paneOf(run: RunId): Pane {
    const known = this.#panes.get(run);
    if (known) return known;
    const made = new Pane(run, {
      send: (command, transfer) => this.#engine.send(command, transfer),
      orbit: (move) => this.#engine.send({ type: 'orbit', runs: [...this.#panes.keys()], move }),
    });
    this.#panes.set(run, made);
    find(document, '#panes').append(made.element);
    made.attach();
    return made;
  }

  #act(action: FormAction): void {
    this.#notice('');
    if (action === 'start') this.#orRefuse(() => this.#start());
    else if (action === 'sample') this.#orRefuse(() => this.#askForSample());
    else this.#engine.send({ type: action });
  }

  #start(): void {
    const runs = this.#choices.runs.map((run, i) => ({
      run: runIdAt(i),
      settings: settingsOf(this.#choices, run),
    }));
    this.#asked = new Map(runs.map(({ run, settings }) => [run, settings]));
    this.#engine.send({ type: 'start', runs });
    this.#session.expect();
    this.#form.enter('preparing');
    this.#refresh.request();
  }

  #askForSample(): void {
    const { prompt, seed } = this.#choices;
    validatePrompt(prompt);
    const request = { prompt, seed };
    this.#engine.send({ type: 'sample', request });
    this.#sample.expect(request);
  }

  /** Does what was asked for, or says under the prompt why it cannot be done. */
  #orRefuse(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.#form.refuse(inWords(error));
    }
  }

  #hear(report: Report): void {
    const known = this.#session.runs;
    this.#session.hear(report, performance.now() / 1000);
    switch (report.type) {
      case 'ready':
        showEngineInfo(find(document, '#status p'), report.info);
        break;
      case 'run':
        this.#hearRun(report, !known.has(report.run));
        break;
      case 'step':
        this.#panes.get(report.run)?.step(report.report);
        this.#shared = drawnWords(report.report, [...this.#session.runs.values()]);
        break;
      case 'saved':
        this.#panes.get(report.run)?.saved(report.kind);
        for (const { name, bytes } of report.files) download(name, bytes);
        break;
      case 'sample':
        this.#sample.hear(report);
        break;
      case 'note':
        this.#notice(report.message);
        break;
      case 'error':
        if (report.sampling) this.#sample.fail();
        if (report.run && report.saving) this.#panes.get(report.run)?.saved(report.saving);
        this.#notice(this.#nameBefore(report) + report.message);
        break;
      case 'fatal':
        this.#die(report.message);
        break;
    }
    this.#refresh.request();
  }

  #hearRun({ run, state, step, settings }: Extract<Report, { type: 'run' }>, isNew: boolean): void {
    const pane = this.#paneOf(run);
    if (this.#session.runs.size === 0) this.#shared = '';
    if (isNew && state !== 'ended') {
      pane.clear();
      // A checkpoint brings settings that nobody chose here.
      if (!isSame(settings, this.#asked.get(run))) this.#choose(choicesOf(settings));
    }
    pane.enter(state, step);
    this.#showPanes();
  }

  /** What an error's run is called, where it concerns one: among those there are, or among those asked for. */
  #nameBefore({ run, starting }: Extract<Report, { type: 'error' }>): string {
    if (run === null) return '';
    const runs = starting ? this.#asked : this.#session.runs;
    const name = runNames([...runs.values()])[[...runs.keys()].indexOf(run)];
    return name ? `${lineOf(name)}: ` : '';
  }

  #draw(): void {
    this.#form.enter(this.#session.state);
    this.#prior.enabled = this.#session.state === 'idle';
    this.#progress.show(this.#session.words, this.#shared);
    this.#sample.draw();
    for (const pane of this.#panes.values()) pane.draw();
  }

  #notice(message: string): void {
    const notice = find(document, '#notice');
    notice.hidden = message === '';
    setText(find(notice, 'p'), message);
  }

  #die(message: string): void {
    for (const part of [
      'nav',
      '#ask',
      '#notice',
      '#panel',
      '#progress',
      '#prior',
      '#shading',
      '#panes',
    ]) {
      find(document, part).hidden = true;
    }
    const fatal = find(document, '#fatal');
    fatal.hidden = false;
    setText(find(fatal, 'p'), message);
  }
}
