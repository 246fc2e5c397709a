import { inWords } from '../errors';
import type {
  Command,
  NamedFile,
  Report,
  RunId,
  RunRequest,
  SessionState,
} from '../protocol/messages';
import { newStoredId } from '../protocol/stored_id';
import { type Settings, SettingsError, validatePrompt } from '../settings';
import { setUpFileButton, setUpLinkButton } from './buttons';
import { choicesOf, isSame, settingsOf } from './choices';
import { Chooser } from './chooser';
import { download, find, setText } from './dom';
import { setUpDropTarget } from './drop_target';
import { drawnWords, showEngineInfo } from './engine_info';
import { sourcesOf } from './exemplar_choice';
import { Gallery } from './gallery';
import { KnownWords } from './known_words';
import { MeasuresTable } from './measures_table';
import { Microscope } from './microscope';
import { Notices } from './notices';
import { Panes } from './panes';
import { openWithPrior, PriorChoice } from './prior_choice';
import { PriorDialog, type PriorShelf } from './prior_dialog';
import { ProgressBar } from './progress_bar';
import type { FormAction } from './prompt_form';
import { Recovery } from './recovery';
import { Refresh } from './refresh';
import { runIdAt } from './run_ids';
import { lineOf, runNames } from './run_names';
import { SampleStrip } from './sample_strip';
import { SessionProgress } from './session_progress';
import { ShownRuns } from './shown_runs';
import { TakeHome } from './take_home';
import { ViewBar } from './view_bar';

/** The engine, as the page knows it. */
export interface EngineLink {
  send(command: Command, transfer?: Transferable[]): void;
  listen(listener: (report: Report) => void): void;
}

/** The priors that may be chosen, by the word for each in an address, and the word or the folder in this one. */
export interface Priors {
  readonly names: Readonly<Record<string, string>>;
  readonly chosen: string;
  /** Opens the shelf of all of them. @throws LimbeckError where the browser keeps nothing. */
  readonly open: () => Promise<PriorShelf>;
}

/** The page: what the visitor chooses goes to the engine, what the engine reports is shown. */
export class Page {
  readonly #engine: EngineLink;
  readonly #chooser: Chooser;
  readonly #panes: Panes;
  readonly #prior: PriorChoice;
  readonly #words: KnownWords;
  readonly #progress: ProgressBar;
  readonly #sample: SampleStrip;
  readonly #gallery: Gallery;
  readonly #microscope: Microscope;
  readonly #takeHome: TakeHome;
  readonly #measures: MeasuresTable;
  readonly #view: ViewBar;
  readonly #runs: ShownRuns;
  readonly #notices: Notices;
  readonly #recovery: Recovery;
  readonly #session = new SessionProgress();
  readonly #refresh = new Refresh(() => this.#draw());
  /** What the page asked the engine to start. */
  #asked: readonly RunRequest[] = [];
  #wasReady = false;
  #shared = '';

  /** @param engine was told to open. */
  constructor(engine: EngineLink, priors: Priors) {
    this.#engine = engine;
    this.#notices = new Notices(find(document, '#notice'));
    this.#prior = new PriorChoice(find(document, '#prior-choice'), priors.names, priors.chosen);
    new PriorDialog(document, find(document, '#all-priors'), { ...priors, choose: openWithPrior });
    this.#progress = new ProgressBar(document);
    const send: EngineLink['send'] = (command, transfer) => engine.send(command, transfer);
    this.#view = new ViewBar(document, send);
    this.#panes = new Panes(document, this.#view, send, {
      look: (run) => this.#look(run),
      take: (run) => this.#take(run),
    });
    this.#runs = new ShownRuns(this.#session, this.#panes);
    this.#recovery = new Recovery({ send, notices: this.#notices, session: this.#session });
    this.#microscope = new Microscope(document, send);
    this.#takeHome = new TakeHome(document, send);
    this.#measures = new MeasuresTable(document, (runs) => send({ type: 'measure', runs }));
    this.#sample = new SampleStrip(document, () => engine.send({ type: 'sample', request: null }));
    this.#gallery = new Gallery(document, find(document, '#runs-kept'), {
      list: () => engine.send({ type: 'list' }),
      open: (runs) => engine.send({ type: 'reopen', runs, paused: false }),
      save: (stored) => engine.send({ type: 'export', stored }),
      delete: (stored) => engine.send({ type: 'delete', stored }),
    });
    this.#chooser = new Chooser(document, {
      send,
      choose: (choices) => {
        this.#words.show(choices.prompt);
        this.#panes.show(this.#session.runs, choices);
      },
      act: (action) => this.#act(action),
      compare: () => this.#compare(),
      refuse: (message) => this.#notices.say({ message }),
    });
    this.#words = new KnownWords(document, {
      send: (command) => engine.send(command),
      choose: (prompt) => this.#chooser.choose({ ...this.#chooser.choices, prompt }),
    });
    this.#listen();
    engine.listen((report) => this.#hear(report));
    this.#chooser.chooseLinked();
    this.#refresh.request();
  }

  #listen(): void {
    setUpLinkButton(find(document, '#share'));
    setUpFileButton(find(document, '#open-checkpoint'), find(document, '#checkpoint-file'), {
      take: (bytes) => this.#engine.send({ type: 'load', run: runIdAt(0), bytes }, [bytes.buffer]),
      refuse: (message) => this.#notices.say({ message }),
    });
    setUpDropTarget(find(document, '#drop'), {
      take: (files) => void this.#receive(files),
      refuse: (message) => this.#notices.say({ message }),
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
      if (state === 'training' || state === 'paused') this.#chooser.form.act();
    });
  }

  /** Goes on with a checkpoint, or has the visitor's own object or picture. */
  async #receive(files: readonly NamedFile[]): Promise<void> {
    const [first] = files;
    if (files.length !== 1 || !first!.path.endsWith('.safetensors')) {
      this.#chooser.exemplar.take(files);
    } else {
      const bytes = new Uint8Array(await first!.file.arrayBuffer());
      this.#engine.send({ type: 'load', run: runIdAt(0), bytes }, [bytes.buffer]);
    }
  }

  #act(action: FormAction): void {
    this.#notices.clear();
    if (action === 'start') this.#orRefuse(() => this.#start());
    else if (action === 'sample') this.#orRefuse(() => this.#askForSample());
    else this.#engine.send({ type: action });
  }

  /** Starts what is to be compared where there is a prompt: what ran before is kept. */
  #compare(): void {
    const { prompt } = this.#chooser.choices;
    if (prompt.trim() && this.#session.state !== 'preparing') this.#act('start');
  }

  #start(): void {
    const { choices } = this.#chooser;
    this.#asked = choices.runs.map((run, i) => ({
      run: runIdAt(i),
      settings: settingsOf(choices, run),
      stored: newStoredId(),
    }));
    this.#sendStart();
    // What is kept is not to be cleared away when the disk is full.
    void navigator.storage.persist?.();
  }

  get #askedOf(): ReadonlyMap<RunId, Settings> {
    return new Map(this.#asked.map(({ run, settings }) => [run, settings]));
  }

  #sendStart(): void {
    this.#engine.send({ type: 'start', runs: this.#asked });
    this.#session.expect();
    this.#chooser.form.enter('preparing');
    this.#refresh.request();
  }

  #askForSample(): void {
    const { prompt, seed } = this.#chooser.choices;
    validatePrompt(prompt);
    const request = { prompt, seed, exemplar: sourcesOf(this.#chooser.choices).exemplar };
    this.#engine.send({ type: 'sample', request });
    this.#sample.expect(request);
  }

  /** Does what was asked for, or says under the prompt why it cannot be done. */
  #orRefuse(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SettingsError)) throw error;
      this.#chooser.form.refuse(inWords(error));
    }
  }

  #hear(report: Report): void {
    const known = this.#session.runs;
    const before = this.#session.state;
    this.#session.hear(report, performance.now() / 1000);
    this.#recovery.hear(report);
    switch (report.type) {
      case 'ready':
        showEngineInfo(find(document, '#status p'), report.info);
        if (!this.#wasReady) this.#recovery.goOn();
        this.#wasReady = true;
        break;
      case 'restarting':
        this.#restart(report.message, before);
        break;
      case 'shelf':
        this.#gallery.show(report);
        if (!this.#gallery.isOpen) this.#recovery.offer(report);
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
      case 'preparing':
      case 'prepared':
      case 'unprepared':
        this.#takeHome.hear(report);
        break;
      case 'measured':
        this.#measures.hear(report);
        break;
      case 'unmeasured':
        this.#measures.fail(report.run);
        this.#notices.say({ message: `It could not be measured: ${report.message}` });
        break;
      case 'surface':
        this.#view.hear(report);
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
        this.#chooser.exemplar.hear(report);
        break;
      case 'taught':
      case 'checked':
        this.#words.hear(report);
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

  /** Another engine is there, and knows nothing yet. */
  #restart(message: string, before: SessionState): void {
    this.#panes.attachAnew();
    this.#takeHome.attachAnew();
    this.#view.sendAnew();
    this.#microscope.watchAnew();
    this.#chooser.exemplar.giveAnew();
    this.#measures.failAll();
    this.#sample.fail();
    const startAgain = this.#asked.length > 0 ? () => this.#sendStart() : undefined;
    this.#recovery.restart(message, before, startAgain);
  }

  #look(run: RunId): void {
    const specimen = this.#runs.get(run);
    if (specimen) this.#microscope.toggle(specimen);
    for (const pane of this.#panes) pane.looked = pane.run === this.#microscope.run;
  }

  #take(run: RunId): void {
    const shown = this.#runs.get(run);
    if (!shown) return;
    const { name, settings, changes } = shown;
    const { level } = this.#view;
    this.#takeHome.open({ run, name: lineOf(name), settings, changed: changes.length > 0, level });
  }

  #hearLooked({ run, report }: Extract<Report, { type: 'step' }>): void {
    const specimen = this.#runs.get(run);
    if (specimen) this.#microscope.show(specimen);
    this.#microscope.step(report);
  }

  #hearRun(report: Extract<Report, { type: 'run' }>, isNew: boolean): void {
    const { run, state, step, settings } = report;
    this.#runs.note(report);
    const pane = this.#panes.of(run);
    if (this.#session.runs.size === 0) this.#shared = '';
    if (state === 'ended' || isNew) this.#measures.forget(run);
    if (state !== 'ended' && isNew && !this.#recovery.isResumed(run)) {
      pane.clear();
      // A checkpoint brings settings that nobody chose here.
      if (!isSame(settings, this.#askedOf.get(run))) this.#chooser.choose(choicesOf(settings));
    }
    pane.enter(state, step);
    if (run === this.#microscope.run) {
      const specimen = this.#runs.get(run);
      if (specimen) this.#microscope.show(specimen);
      else this.#look(run);
    }
    this.#panes.show(this.#session.runs, this.#chooser.choices);
  }

  /** What an error's run is called, where it concerns one: among those there are, or among those asked for. */
  #nameBefore({ run, starting }: Extract<Report, { type: 'error' }>): string {
    if (run === null) return '';
    const runs = starting ? this.#askedOf : this.#session.runs;
    const name = runNames([...runs.values()])[[...runs.keys()].indexOf(run)];
    return name ? `${lineOf(name)}: ` : '';
  }

  #draw(): void {
    this.#chooser.form.enter(this.#session.state);
    this.#prior.enabled = this.#session.state === 'idle';
    this.#progress.show(this.#session.words, this.#shared);
    this.#sample.draw();
    for (const pane of this.#panes) pane.draw();
    this.#microscope.draw();
    this.#measures.show(this.#runs.all());
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
