import type { Command, Report, RunId } from '../protocol/messages';
import { type MethodId, methodIds, SettingsError, validatePrompt } from '../settings';
import { setUpFileButton, setUpLinkButton } from './buttons';
import { type Choices, choicesOf, firstChoices, settingsFor } from './choices';
import { download, find, setText } from './dom';
import { drawnWords, showEngineInfo } from './engine_info';
import { Pane } from './pane';
import { Panel } from './panel';
import { PriorChoice } from './prior_choice';
import { ProgressBar } from './progress_bar';
import { type FormAction, PromptForm } from './prompt_form';
import { Refresh } from './refresh';
import { SampleStrip } from './sample_strip';
import { SessionProgress } from './session_progress';
import { setUpShadingChoice } from './shading_choice';
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
  readonly #panel: Panel;
  readonly #panes: ReadonlyMap<RunId, Pane>;
  readonly #prior: PriorChoice;
  readonly #progress: ProgressBar;
  readonly #sample: SampleStrip;
  readonly #session = new SessionProgress();
  readonly #refresh = new Refresh(() => this.#draw());
  #choices: Choices = firstChoices;
  #shared = '';

  constructor(engine: EngineLink, priors: Priors) {
    this.#engine = engine;
    this.#prior = new PriorChoice(find(document, '#prior-choice'), priors.names, priors.chosen);
    this.#progress = new ProgressBar(document);
    this.#sample = new SampleStrip(document, () => engine.send({ type: 'sample', request: null }));
    const problem = this.#readLink();
    this.#form = new PromptForm(document, this.#choices, {
      change: (choices) => this.#choose(choices),
      act: (action) => this.#act(action),
    });
    this.#panel = new Panel(find(document, '#panel'), this.#choices, {
      change: (choices) => this.#choose(choices),
      refuse: (message) => this.#notice(message),
    });
    this.#panes = new Map(methodIds.map((method) => [method, this.#pane(method)]));
    this.#listen();
    engine.listen((report) => this.#hear(report));
    this.#choose(this.#choices);
    this.#notice(problem);
  }

  /** Puts the panes up and hands their canvases to the engine. */
  attach(): void {
    const section = find(document, '#panes');
    section.append(...[...this.#panes.values()].map(({ element }) => element));
    for (const pane of this.#panes.values()) pane.attach();
    this.#refresh.request();
  }

  /** Takes the choices out of the address; says what was not understood. */
  #readLink(): string {
    try {
      this.#choices = fromHash(location.hash);
      return '';
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      return `The link was not understood: ${error.message} The page starts with its own settings.`;
    }
  }

  #pane(method: MethodId): Pane {
    return new Pane(method, {
      send: (command, transfer) => this.#engine.send(command, transfer),
      orbit: (move) => this.#engine.send({ type: 'orbit', runs: methodIds, move }),
    });
  }

  #listen(): void {
    find(document, '#notice button').addEventListener('click', () => this.#notice(''));
    setUpShadingChoice(find(document, '#shading'), (shading) =>
      this.#engine.send({ type: 'shade', shading }),
    );
    const toggle = find(document, '#settings');
    toggle.addEventListener('click', () => {
      this.#panel.open = !this.#panel.open;
      toggle.setAttribute('aria-expanded', String(this.#panel.open));
    });
    setUpLinkButton(find(document, '#share'));
    setUpFileButton(find(document, '#open-checkpoint'), find(document, '#checkpoint-file'), {
      take: (bytes) =>
        this.#engine.send({ type: 'load', run: methodIds[0]!, bytes }, [bytes.buffer]),
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

  #choose(choices: Choices): void {
    this.#choices = choices;
    this.#panel.show(choices);
    const hash = toHash(choices);
    history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    if (this.#session.runs.length === 0) this.#showPanes(choices.methods);
  }

  #showPanes(methods: readonly RunId[]): void {
    for (const [run, pane] of this.#panes) pane.visible = methods.includes(run);
  }

  #act(action: FormAction): void {
    this.#notice('');
    if (action === 'start') this.#orRefuse(() => this.#start());
    else if (action === 'sample') this.#orRefuse(() => this.#askForSample());
    else this.#engine.send({ type: action });
  }

  #start(): void {
    const runs = this.#choices.methods.map((method) => ({
      run: method,
      settings: settingsFor(this.#choices, method),
    }));
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
      this.#form.refuse(error.message);
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
        this.#hearRun(report, !known.includes(report.run));
        break;
      case 'step':
        this.#panes.get(report.run)?.step(report.report);
        this.#shared = drawnWords(report.report, this.#session.runs.length > 1);
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
        this.#notice((report.run ? `${report.run.toUpperCase()}: ` : '') + report.message);
        break;
      case 'fatal':
        this.#die(report.message);
        break;
    }
    this.#refresh.request();
  }

  #hearRun({ run, state, step, settings }: Extract<Report, { type: 'run' }>, isNew: boolean): void {
    const pane = this.#panes.get(run);
    const { runs } = this.#session;
    this.#showPanes(runs.length > 0 ? runs : this.#choices.methods);
    if (runs.length === 0) this.#shared = '';
    if (isNew && state !== 'ended') {
      pane?.clear();
      // A checkpoint brings settings that nobody chose here.
      const chosen = this.#choices.methods.includes(settings.method);
      if (!chosen || settings.prompt !== this.#choices.prompt) {
        this.#choose(choicesOf(settings));
        this.#form.show(this.#choices);
      }
    }
    pane?.enter(state, step, settings);
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
