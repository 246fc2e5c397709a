import { inWords } from '../errors';
import type { Command, NamedFile, Report, RunId, StoredRequest } from '../protocol/messages';
import type { SettingsChange } from '../protocol/reports';
import { type Settings, SettingsError, validatePrompt } from '../settings';
import { setUpFileButton, setUpLinkButton } from './buttons';
import { type Choices, choicesOf, firstChoices, isSame, mostRuns, settingsOf } from './choices';
import { download, find, setText } from './dom';
import { setUpDropTarget } from './drop_target';
import { drawnWords, showEngineInfo } from './engine_info';
import { ExemplarChoice, sourcesOf, withSource } from './exemplar_choice';
import { Gallery } from './gallery';
import { Microscope, type Specimen } from './microscope';
import { Notices } from './notices';
import { OpenRuns } from './open_runs';
import { Panel } from './panel';
import { Panes } from './panes';
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
import { interruptedTogether } from './stored_words';

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
  readonly #panes: Panes;
  readonly #prior: PriorChoice;
  readonly #exemplar: ExemplarChoice;
  readonly #progress: ProgressBar;
  readonly #sample: SampleStrip;
  readonly #gallery: Gallery;
  readonly #microscope: Microscope;
  readonly #notices: Notices;
  readonly #open = new OpenRuns(sessionStorage);
  readonly #session = new SessionProgress();
  readonly #refresh = new Refresh(() => this.#draw());
  #choices: Choices = firstChoices;
  #shading = shadings[0]!.value;
  /** What the page asked the engine to start. */
  #asked: ReadonlyMap<RunId, Settings> = new Map();
  /** Runs that go on where they were: the choices are those that the page has. */
  #resumed = new Set<RunId>();
  /** What was changed of the settings of each run while it ran. */
  readonly #changes = new Map<RunId, readonly SettingsChange[]>();
  #wasReady = false;
  #shared = '';

  /** @param engine was told to open. */
  constructor(engine: EngineLink, priors: Priors) {
    this.#engine = engine;
    this.#notices = new Notices(find(document, '#notice'));
    this.#prior = new PriorChoice(find(document, '#prior-choice'), priors.names, priors.chosen);
    this.#progress = new ProgressBar(document);
    this.#panes = new Panes(
      document,
      (command, transfer) => engine.send(command, transfer),
      (run) => this.#look(run),
    );
    this.#microscope = new Microscope(document, (command) => engine.send(command));
    this.#sample = new SampleStrip(document, () => engine.send({ type: 'sample', request: null }));
    this.#gallery = new Gallery(document, find(document, '#runs-kept'), {
      list: () => engine.send({ type: 'list' }),
      open: (runs) => engine.send({ type: 'reopen', runs, paused: false }),
      save: (stored) => engine.send({ type: 'export', stored }),
      delete: (stored) => engine.send({ type: 'delete', stored }),
    });
    const linked = this.#readLink();
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
      refuse: (message) => this.#notices.say({ message }),
    });
    this.#exemplar = new ExemplarChoice(document, {
      choose: (of, source) => this.#choose(withSource(this.#choices, of, source)),
      send: (command, transfer) => engine.send(command, transfer),
    });
    this.#listen();
    engine.listen((report) => this.#hear(report));
    this.#choose(linked);
    this.#refresh.request();
  }

  /** The choices that the address holds; says what was not understood of it, and that is left out. */
  #readLink(): Choices {
    try {
      return fromHash(location.hash);
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      const message = `The link was not understood: ${inWords(error)} The page stays as it is.`;
      this.#notices.say({ message });
      return this.#choices;
    }
  }

  #listen(): void {
    const shading = new Segments(find(document, '#shading'), shadings, (mode) => {
      this.#shading = mode;
      this.#engine.send({ type: 'shade', shading: mode });
    });
    shading.value = this.#shading;
    find(document, '#settings').addEventListener('click', () => {
      this.#panel.open = !this.#panel.open;
      this.#showSettingsButton();
    });
    setUpLinkButton(find(document, '#share'));
    setUpFileButton(find(document, '#open-checkpoint'), find(document, '#checkpoint-file'), {
      take: (bytes) => this.#engine.send({ type: 'load', run: runIdAt(0), bytes }, [bytes.buffer]),
      refuse: (message) => this.#notices.say({ message }),
    });
    setUpDropTarget(find(document, '#drop'), {
      take: (files) => void this.#take(files),
      refuse: (message) => this.#notices.say({ message }),
    });
    // Another address is another choice for the next start; the runs that there are go on.
    addEventListener('hashchange', () => {
      if (location.hash.slice(1) !== toHash(this.#choices)) this.#choose(this.#readLink());
    });
    // A page that nobody sees may be ended without a word.
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'hidden') this.#engine.send({ type: 'keep' });
    });
    addEventListener('keydown', (event) => {
      const busy = 'input, select, textarea, button, a, dialog, [role=slider]';
      if (event.key !== ' ' || (event.target as Element).closest(busy)) return;
      event.preventDefault();
      const { state } = this.#session;
      if (state === 'training' || state === 'paused') this.#form.act();
    });
  }

  /** Goes on with a checkpoint, or has the visitor's own object or picture. */
  async #take(files: readonly NamedFile[]): Promise<void> {
    const [first] = files;
    if (files.length !== 1 || !first!.path.endsWith('.safetensors')) this.#exemplar.take(files);
    else {
      const bytes = new Uint8Array(await first!.file.arrayBuffer());
      this.#engine.send({ type: 'load', run: runIdAt(0), bytes }, [bytes.buffer]);
    }
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
    this.#exemplar.show(choices, sourcesOf(choices));
    this.#chips.show(choices);
    this.#panel.show(choices);
    const hash = toHash(choices);
    history.replaceState(null, '', hash ? `#${hash}` : location.pathname + location.search);
    this.#panes.show(this.#session.runs, choices);
  }

  #act(action: FormAction): void {
    this.#notices.clear();
    if (action === 'start') this.#orRefuse(() => this.#start());
    else if (action === 'sample') this.#orRefuse(() => this.#askForSample());
    else this.#engine.send({ type: action });
  }

  #start(): void {
    this.#asked = new Map(
      this.#choices.runs.map((run, i) => [runIdAt(i), settingsOf(this.#choices, run)]),
    );
    this.#sendStart();
    // What is kept is not to be cleared away when the disk is full.
    void navigator.storage.persist?.();
  }

  #sendStart(): void {
    const runs = [...this.#asked].map(([run, settings]) => ({ run, settings }));
    this.#engine.send({ type: 'start', runs });
    this.#session.expect();
    this.#form.enter('preparing');
    this.#refresh.request();
  }

  #askForSample(): void {
    const { prompt, seed } = this.#choices;
    validatePrompt(prompt);
    const request = { prompt, seed, exemplar: sourcesOf(this.#choices).exemplar };
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
    const before = this.#session.state;
    this.#session.hear(report, performance.now() / 1000);
    switch (report.type) {
      case 'ready':
        showEngineInfo(find(document, '#status p'), report.info);
        if (!this.#wasReady) this.#goOn();
        this.#wasReady = true;
        break;
      case 'restarting':
        this.#restart(report.message, before === 'preparing', before === 'paused');
        break;
      case 'session':
        this.#open.paused = report.state === 'paused';
        break;
      case 'kept':
        this.#open.note(report.run, report.stored);
        break;
      case 'shelf':
        this.#gallery.show(report);
        if (!this.#gallery.isOpen) this.#offer(report);
        break;
      case 'exported':
        download(report.file.name, report.file.bytes);
        break;
      case 'run':
        this.#hearRun(report, !known.has(report.run));
        break;
      case 'watched':
        if (report.run === this.#microscope.run) this.#microscope.hear(report.watched);
        break;
      case 'step':
        this.#panes.get(report.run)?.step(report.report);
        if (report.run === this.#microscope.run) this.#hearLooked(report);
        this.#shared = drawnWords(report.report, [...this.#session.runs.values()]);
        break;
      case 'saved':
        this.#panes.get(report.run)?.saved(report.kind);
        for (const { name, bytes } of report.files) download(name, bytes);
        break;
      case 'sample':
        this.#sample.hear(report);
        break;
      case 'found':
      case 'own-exemplar':
        this.#exemplar.hear(report);
        break;
      case 'note':
        this.#notices.say({ message: report.message });
        break;
      case 'error':
        if (report.sampling) this.#sample.fail();
        if (report.run && report.saving) this.#panes.get(report.run)?.saved(report.saving);
        this.#notices.say({ message: this.#nameBefore(report) + report.message });
        break;
      case 'fatal':
        this.#die(report.message);
        break;
    }
    this.#refresh.request();
  }

  /** A page that was loaded anew goes on with what it had; any other offers what was interrupted. */
  #goOn(): void {
    const { runs, paused } = this.#open.before;
    if (runs.length > 0) this.#resume(runs, paused);
    this.#engine.send({ type: 'list' });
  }

  #resume(runs: readonly StoredRequest[], paused: boolean): void {
    this.#resumed = new Set(runs.map(({ run }) => run));
    this.#engine.send({ type: 'reopen', runs, paused });
    this.#session.expect();
  }

  /** Another engine is there, and knows nothing yet. */
  #restart(message: string, wasPreparing: boolean, paused: boolean): void {
    this.#panes.attachAnew();
    this.#engine.send({ type: 'shade', shading: this.#shading });
    this.#microscope.watchAnew();
    this.#exemplar.giveAnew();
    this.#sample.fail();
    const runs = this.#open.requests;
    let rest = 'Another engine takes its place.';
    if (wasPreparing && this.#asked.size > 0) {
      this.#sendStart();
      rest = 'The runs are started again.';
    } else if (runs.length > 0) {
      this.#resume(runs, paused);
      rest = 'The runs go on from their last checkpoint.';
    }
    this.#notices.say({ message: `${message} ${rest}`, wrong: false });
  }

  #look(run: RunId): void {
    const specimen = this.#specimen(run);
    if (specimen) this.#microscope.toggle(specimen);
    for (const pane of this.#panes) pane.looked = pane.run === this.#microscope.run;
  }

  #specimen(run: RunId): Specimen | undefined {
    const { runs } = this.#session;
    const settings = runs.get(run);
    const pane = this.#panes.get(run);
    if (!settings || !pane) return undefined;
    const name = runNames([...runs.values()])[[...runs.keys()].indexOf(run)];
    const { history, steps } = pane;
    const changes = this.#changes.get(run) ?? [];
    return { run, name: name ? lineOf(name) : '', settings, changes, step: steps, history };
  }

  #hearLooked({ run, report }: Extract<Report, { type: 'step' }>): void {
    const specimen = this.#specimen(run);
    if (specimen) this.#microscope.show(specimen);
    this.#microscope.step(report);
  }

  /** Offers to go on with what was interrupted, while nothing else is going on. */
  #offer({ runs }: Extract<Report, { type: 'shelf' }>): void {
    const found = interruptedTogether(runs, mostRuns);
    const [first] = found;
    if (!first?.settings || this.#session.state !== 'idle') return;
    const { prompt } = first.settings;
    const more = found.length > 1 ? ` and ${found.length - 1} more beside it` : '';
    const requests = found.map(({ id }, i) => ({ run: runIdAt(i), stored: id }));
    this.#notices.say({
      message: `“${prompt}”${more} stopped at step ${first.step} when the page was closed.`,
      wrong: false,
      action: {
        label: 'Go on',
        act: () => this.#engine.send({ type: 'reopen', runs: requests, paused: false }),
      },
    });
  }

  #hearRun(report: Extract<Report, { type: 'run' }>, isNew: boolean): void {
    const { run, state, step, settings, changes } = report;
    this.#changes.set(run, changes);
    const pane = this.#panes.of(run);
    if (this.#session.runs.size === 0) this.#shared = '';
    if (state === 'ended') this.#open.forget(run);
    else if (isNew && !this.#resumed.delete(run)) {
      pane.clear();
      // A checkpoint brings settings that nobody chose here.
      if (!isSame(settings, this.#asked.get(run))) this.#choose(choicesOf(settings));
    }
    pane.enter(state, step);
    if (run === this.#microscope.run) {
      const specimen = this.#specimen(run);
      if (specimen) this.#microscope.show(specimen);
      else this.#look(run);
    }
    this.#panes.show(this.#session.runs, this.#choices);
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
    for (const pane of this.#panes) pane.draw();
    this.#microscope.draw();
  }

  #die(message: string): void {
    for (const part of document.querySelectorAll<HTMLElement>('nav, main > :not(#fatal)')) {
      part.hidden = true;
    }
    const fatal = find(document, '#fatal');
    fatal.hidden = false;
    setText(find(fatal, 'p'), message);
  }
}
