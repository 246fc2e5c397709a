import { inWords, LimbeckError } from '../errors';
import { FieldGenerator } from '../generator/field';
import { adapterName, type Gpu, openGpu } from '../gpu/device';
import { encodePng } from '../image/png';
import { openDropped } from '../object/dropped';
import { shownImage } from '../prior/exemplars/own';
import { FetchedFiles } from '../prior/fetched_files';
import {
  type Command,
  type EngineFolders,
  previewPane,
  type Report,
  type RunId,
  type SessionReport,
  type ShadingMode,
} from '../protocol/messages';
import { loadRetrieval } from '../retrieval/files';
import { promptRewards } from '../retrieval/prompt_reward';
import { chooseBackend } from '../runtime/backend';
import { openWebBackend, type WasmUrls } from '../runtime/web';
import { Engine, type EngineRun } from '../train/engine';
import { checkpointSettings } from '../train/run';
import { Session } from '../train/session';
import { tilesSource } from '../viewer/tiles';
import type { PictureSource } from '../viewer/viewport';
import { Viewports } from '../viewer/viewports';
import { fieldSource, shownOf } from './field_view';
import { Measuring } from './measuring';
import { MeshOverlay } from './mesh_overlay';
import { Keeper } from './storage/keeper';
import { KeptFiles, PriorStore } from './storage/prior_store';
import { Shelf } from './storage/shelf';
import { TakeHome } from './take_home';
import { runThumbnail } from './thumbnail';

/** What is asked about exemplars. */
type ExemplarCommand = Extract<Command, { type: 'find' | 'browse' | 'check' | 'own-exemplar' }>;

/** Objects of the library that are offered for a prompt. */
const offered = 7;

type Post = (report: Report, transfer?: Transferable[]) => void;

const remedy =
  'Use a current Chrome or Edge (113 or later), Safari 26 or Firefox 141 on a computer with a GPU, ' +
  'switch hardware acceleration on in its settings, and open the page over https or on localhost.';

/** What is asked about runs, and changes nothing of them. */
type Asking = Extract<Command, { type: 'prepare' | 'measure' }>;

type ShelfCommand = Extract<Command, { type: 'list' | 'delete' | 'export' }>;

/** What the engine's thread holds once it is open. */
interface Opened {
  readonly gpu: Gpu;
  readonly engine: Engine;
  readonly session: Session<EngineRun>;
  readonly viewports: Viewports;
  readonly overlay: MeshOverlay;
  readonly takeHome: TakeHome;
  readonly measuring: Measuring;
  /** Undefined where the browser stores nothing. */
  readonly keeper: Keeper<EngineRun> | undefined;
}

/** The page's commands, carried out: an engine, a session of runs on it and the panes that show them. */
export class Studio {
  readonly #wasm: WasmUrls;
  readonly #post: Post;
  readonly #shown = new Map<RunId, EngineRun | undefined>();
  #opened: Promise<Opened> | undefined;
  #shading: ShadingMode = 'unlit';
  /** Whether the device is gone: what fails then fails because of that, which was said. */
  #lost = false;

  constructor(wasm: WasmUrls, post: Post) {
    this.#wasm = wasm;
    this.#post = post;
  }

  /** @throws when the engine cannot be opened, or a command comes before `open`. */
  async obey(command: Command): Promise<void> {
    if (command.type === 'open') {
      this.#opened = this.#open(command);
      await this.#opened;
      return;
    }
    if (!this.#opened)
      throw new Error(`The engine was told to ${command.type} before it was opened.`);
    const opened = await this.#opened;
    const { gpu, engine, session, viewports, keeper } = opened;
    switch (command.type) {
      case 'attach':
        return viewports.attach(command.run, command.canvas, command.size);
      case 'resize':
        return viewports.resize(command.run, command.size);
      case 'overlay':
        return opened.overlay.show(this.#shown.keys(), command.level ?? undefined);
      case 'turn':
        viewports.turning = command.on;
        return;
      case 'gather':
        return viewports.gather(command.runs);
      case 'prepare':
      case 'measure':
        return this.#ask(command, opened);
      case 'orbit':
        for (const run of command.runs) viewports.move(run, command.move);
        return;
      case 'shade':
        this.#shading = command.shading;
        for (const [run, shown] of this.#shown) {
          if (shown) viewports.show(run, this.#source(gpu, shown));
        }
        return;
      case 'start':
        return session.start(command.runs);
      case 'load':
        return session.load(command.run, command.bytes);
      case 'reopen':
        return session.reopen(command.runs, command.paused);
      case 'list':
      case 'delete':
      case 'export':
        return this.#tend(command, keeper);
      case 'find':
      case 'browse':
      case 'check':
      case 'own-exemplar':
        return this.#showExemplars(command, engine);
      case 'save':
        return session.save(command.run, command.kind);
      case 'watch':
        return session.watch(command.run, command.every);
      case 'sample':
        return session.sample(command.request);
      case 'adjust':
        return session.adjust(command.run, command.path, command.value);
      case 'pause':
      case 'resume':
      case 'step':
      case 'keep':
      case 'reset':
        return session[command.type]();
    }
  }

  /** Carries out between the steps of runs what asks about them. */
  async #ask(command: Asking, { session, takeHome, measuring }: Opened): Promise<void> {
    if (command.type === 'measure') {
      for (const run of command.runs) {
        const measure = async (of: EngineRun) => {
          const measures = await measuring.measure(of);
          this.#post({ type: 'measured', run, step: of.step, measures });
        };
        const refuse = (message: string) => this.#post({ type: 'unmeasured', run, message });
        void session.ask(run, measure, refuse);
      }
      return;
    }
    const { run, wanted } = command;
    if (!wanted) return takeHome.forget();
    const refuse = (message: string) => this.#post({ type: 'unprepared', run, message });
    return session.ask(run, (of) => takeHome.prepare(run, of, wanted), refuse);
  }

  /** Shows what the library has, or what a visitor's own file looks like to the prior; what fails of it is told. */
  async #showExemplars(command: ExemplarCommand, { exemplars, manifest }: Engine): Promise<void> {
    try {
      if (command.type === 'find') {
        const { words, seed } = command;
        this.#post({ type: 'found', words, found: await exemplars.find(words, seed, offered) });
        return;
      }
      if (command.type === 'browse') {
        const { words } = command;
        this.#post({ type: 'taught', words, phrases: await exemplars.browse(words) });
        return;
      }
      if (command.type === 'check') {
        // A prior without a library does not tell what it was taught.
        if (!manifest.files.library || !manifest.exemplar) return;
        const { prompt } = command;
        this.#post({ type: 'checked', prompt, unknown: await exemplars.unknown(prompt) });
        return;
      }
      const files = new Map(command.files.map(({ path, file }) => [path, file]));
      const { keepBackground } = command;
      const own = await exemplars.add({ ...(await openDropped(files)), keepBackground });
      const { name, notes } = own;
      const image = shownImage(own, manifest.resolution);
      const views = image.width / image.height;
      const { question } = command;
      this.#post({ type: 'own-exemplar', question, name, image, views, notes });
    } catch (error) {
      if (!(error instanceof LimbeckError)) throw error;
      this.#post({ type: 'error', run: null, message: inWords(error) });
    }
  }

  /** Carries out what concerns the storage alone; what fails of it is told. */
  async #tend(command: ShelfCommand, keeper: Keeper<EngineRun> | undefined): Promise<void> {
    if (!keeper) return this.#post({ type: 'shelf', runs: [], used: 0, quota: 0 });
    try {
      if (command.type === 'export') {
        const file = await keeper.file(command.stored);
        const { stored } = command;
        return this.#post({ type: 'exported', stored, file }, [file.bytes.buffer]);
      }
      if (command.type === 'delete') await keeper.delete(command.stored);
    } catch (error) {
      if (!(error instanceof LimbeckError || error instanceof DOMException)) throw error;
      this.#post({ type: 'error', run: null, message: inWords(error) });
    }
    await keeper.list();
  }

  async #open({ model, reward, scorer }: EngineFolders): Promise<Opened> {
    const gpu = await openGpu(navigator.gpu, remedy);
    void gpu.device.lost.then(({ message }) => {
      this.#lost = true;
      const why = message.split('\n')[0]?.replace(/\.?$/, '.') || 'The browser gave no reason.';
      this.#post({ type: 'lost', message: `The GPU was lost. ${why}` });
    });
    gpu.device.addEventListener('uncapturederror', ({ error }) => {
      const what = `The GPU refused a command: ${error.message.split('\n')[0]}`;
      const message = `${what} Choose a smaller field or fewer samples, then start again.`;
      this.#post({ type: 'error', run: null, message });
    });
    const backend = await openWebBackend(gpu, chooseBackend(gpu, 'auto'), this.#wasm);
    const store = await PriorStore.open();
    const filesOf = (folder: string) =>
      store ? new KeptFiles(folder, store) : new FetchedFiles(folder);
    const engine = await Engine.open({
      gpu,
      backend,
      files: filesOf(model),
      reward: promptRewards(() => loadRetrieval(filesOf(reward), reward)),
      onProgress: (file, received, total) =>
        this.#post({ type: 'download', file, received, total }),
    });
    const { camera, name } = engine.manifest;
    const [lowest, highest] = camera.elevation;
    const viewports = new Viewports(gpu, {
      fovy: camera.fovy,
      start: { azimuth: 25, elevation: (lowest + highest) / 2, distance: camera.distance },
      bounds: {
        elevation: [-60, 85],
        distance: [0.5 * camera.distance, 2.5 * camera.distance],
      },
    });
    const keeper = await this.#openKeeper();
    const session: Session<EngineRun> = new Session<EngineRun>({
      source: engine,
      settingsOf: checkpointSettings,
      encodePng,
      ...(keeper && { keeper }),
      report: (report) => this.#follow(report, opened),
      breathe: async () => {
        if (gpu.adapter.software) await viewports.drawDue();
        await nextTask();
      },
    });
    const post: Post = (report, transfer) => this.#post(report, transfer);
    const opened: Opened = {
      gpu,
      engine,
      session,
      viewports,
      keeper,
      overlay: new MeshOverlay({ session, viewports, post }),
      takeHome: new TakeHome({ viewports, post, fovy: camera.fovy, preview: previewPane }),
      measuring: new Measuring(engine, scorer),
    };
    this.#post({
      type: 'ready',
      info: {
        adapter: adapterName(gpu.adapter),
        software: gpu.adapter.software,
        denoiser: engine.denoiserDescription,
        model: name,
      },
    });
    return opened;
  }

  /** Undefined where the browser stores nothing: runs then end with the page. */
  async #openKeeper(): Promise<Keeper<EngineRun> | undefined> {
    const shelf = await Shelf.open().catch(() => undefined);
    return (
      shelf && new Keeper({ shelf, post: (report) => this.#post(report), picture: runThumbnail })
    );
  }

  /** Passes a report on, and keeps the panes in step with it. */
  #follow(report: SessionReport, opened: Opened): void {
    const { viewports, overlay } = opened;
    if (report.type === 'session') viewports.training = report.state === 'training';
    if (report.type === 'run') this.#show(report.run, opened);
    if (report.type === 'step') {
      viewports.changed(report.run);
      overlay.changed(report.run);
    }
    if (report.type === 'error' && this.#lost) return;
    this.#post(
      report,
      report.type === 'saved' ? report.files.map(({ bytes }) => bytes.buffer) : [],
    );
  }

  #show(run: RunId, { gpu, session, viewports, overlay }: Opened): void {
    const shown = session.run(run);
    if (this.#shown.get(run) === shown) return;
    this.#shown.set(run, shown);
    viewports.show(run, shown && this.#source(gpu, shown));
    overlay.replaced(run);
  }

  /** What a pane shows of a run: its field as the pages' shading says, or its pictures. */
  #source(gpu: Gpu, run: EngineRun): PictureSource {
    const shown = shownOf(run);
    if (!(shown instanceof FieldGenerator)) return tilesSource(gpu, shown);
    return fieldSource(gpu, shown, run.settings, this.#shading);
  }
}

/** Lets waiting messages in; a timer of zero would wait for four milliseconds. */
function nextTask(): Promise<void> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}
