import { EmptyFieldError } from '../mesh/solid/iso';
import type { Report, RunId } from '../protocol/messages';
import type { EngineRun } from '../train/engine';
import type { Session } from '../train/session';
import { linesOf } from '../viewer/mesh_view';
import type { Viewports } from '../viewer/viewports';
import { fieldOf } from './field_view';

/** Grid points along an edge of the surface that is shown: coarser than what is saved, so that it follows the slider. */
const resolution = 64;

/** Share of the time that surfaces of runs in training may take. */
const share = 0.1;

interface OverlayParts {
  readonly session: Pick<Session<EngineRun>, 'ask'>;
  readonly viewports: Viewports;
  readonly post: (report: Report) => void;
}

/** The surfaces of the panes' fields at a level that a person moves, drawn over the fields. */
export class MeshOverlay {
  readonly #parts: OverlayParts;
  /** Undefined where no surface is shown; 0 for the level whose outline is that of the views. */
  #level: number | undefined;
  /** Runs whose surface is asked for and not begun. */
  readonly #asked = new Set<RunId>();
  readonly #notBefore = new Map<RunId, number>();

  constructor(parts: OverlayParts) {
    this.#parts = parts;
  }

  /** Shows the surfaces of runs at another level; undefined for none. */
  show(runs: Iterable<RunId>, level: number | undefined): void {
    this.#level = level;
    for (const run of runs) {
      if (level === undefined) this.#parts.viewports.showMesh(run, undefined);
      else this.#ask(run);
    }
  }

  /** A pane shows another run, or none. */
  replaced(run: RunId): void {
    this.#parts.viewports.showMesh(run, undefined);
    this.#notBefore.delete(run);
    if (this.#level !== undefined) this.#ask(run);
  }

  /** A run has taken a step: its surface follows as often as its share allows. */
  changed(run: RunId): void {
    if (this.#level === undefined) return;
    if (performance.now() >= (this.#notBefore.get(run) ?? 0)) this.#ask(run);
  }

  /** The newest level counts, however many were asked for meanwhile. */
  #ask(id: RunId): void {
    if (this.#asked.has(id)) return;
    this.#asked.add(id);
    const { session, post } = this.#parts;
    const refuse = (message: string) => post({ type: 'error', run: id, message });
    const asked = session.ask(id, (run) => this.#update(id, run), refuse);
    void asked.then(() => this.#asked.delete(id));
  }

  async #update(id: RunId, run: EngineRun): Promise<void> {
    this.#asked.delete(id);
    const field = fieldOf(run);
    const level = this.#level;
    if (!field || level === undefined) return;
    const { viewports, post } = this.#parts;
    const started = performance.now();
    try {
      const surface = await field.mesh.with({ resolution, level }).shape();
      viewports.showMesh(id, () => linesOf(surface));
      const triangles = surface.indices.length / 3;
      post({ type: 'surface', run: id, level: surface.iso, triangles });
    } catch (error) {
      if (!(error instanceof EmptyFieldError)) throw error;
      viewports.showMesh(id, undefined);
      post({ type: 'surface', run: id, level, triangles: 0 });
    }
    const now = performance.now();
    this.#notBefore.set(id, now + (now - started) / share);
  }
}
