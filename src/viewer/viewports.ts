import type { Gpu } from '../gpu/device';
import type { CanvasSize, OrbitMove, RunId } from '../protocol/messages';
import type { MeshView } from './mesh_view';
import { eased, moved, type OrbitBounds, type OrbitState } from './orbit';
import { nextSide, paceOf, pauseAfter } from './pace';
import { type PictureSource, Viewport } from './viewport';

/** How the panes see: the same for all, so that objects can be compared. */
export interface Viewpoint {
  readonly fovy: number;
  readonly start: OrbitState;
  readonly bounds: OrbitBounds;
}

/** Seconds in which a camera goes half of its way. */
const halfLife = 0.05;
/** Side of the first picture, before any was timed. */
const firstSide = { software: 64, gpu: 256 } as const;
/** Degrees that a turntable turns in a second. */
const turnSpeed = 30;

interface PacedViewport {
  readonly viewport: Viewport;
  size: CanvasSize;
  orbit: OrbitState;
  target: OrbitState;
  /** Whether the canvas shows less than it could. */
  stale: boolean;
  /** Sides of pictures in a hurry and of stills. */
  hurried: number;
  still: number;
  /** Times of `performance.now()`. */
  notBefore: number;
  drawn: number;
}

/**
 * The panes of a page. It draws a pane when its field or its camera changed and at no other time, at a
 * size and a rate that leave the device to training.
 */
export class Viewports {
  readonly #gpu: Gpu;
  readonly #viewpoint: Viewpoint;
  readonly #panes = new Map<RunId, PacedViewport>();
  /** Newest sizes and sources: either may come while a viewport is being made. */
  readonly #sizes = new Map<RunId, CanvasSize>();
  readonly #sources = new Map<RunId, PictureSource | undefined>();
  readonly #meshes = new Map<RunId, () => MeshView>();
  #training = false;
  /** Whether the turntable turns, since when by `performance.now()`, and how far it had turned before, in degrees. */
  #turntable = { on: false, since: 0, before: 0 };
  #looping = false;
  #drawing: Promise<void> = Promise.resolve();

  constructor(gpu: Gpu, viewpoint: Viewpoint) {
    this.#gpu = gpu;
    this.#viewpoint = viewpoint;
    void gpu.device.lost.then(() => this.#panes.clear());
  }

  /** Whether steps are being taken. */
  set training(training: boolean) {
    this.#training = training;
    for (const pane of this.#panes.values()) pane.stale = true;
    this.#wake();
  }

  /** Takes over a canvas; from then on it shows the ground and what `show` gives it. */
  async attach(run: RunId, canvas: OffscreenCanvas, size: CanvasSize): Promise<void> {
    const { fovy, start } = this.#viewpoint;
    this.#sizes.set(run, size);
    const viewport = await Viewport.open(this.#gpu, canvas, fovy);
    const side = this.#gpu.adapter.software ? firstSide.software : firstSide.gpu;
    const newest = this.#sizes.get(run) ?? size;
    viewport.resize(newest);
    viewport.show(this.#sources.get(run));
    viewport.showMesh(this.#meshes.get(run)?.());
    // As the others are seen by now.
    const [orbit = start] = [...this.#panes.values()].map(({ target }) => target);
    this.#panes.set(run, {
      viewport,
      size: newest,
      orbit,
      target: orbit,
      stale: true,
      hurried: side,
      still: side,
      notBefore: 0,
      drawn: 0,
    });
    this.#wake();
  }

  show(run: RunId, source: PictureSource | undefined): void {
    this.#sources.set(run, source);
    this.#with(run, (pane) => pane.viewport.show(source));
  }

  /** Shows a mesh in a pane, over its field where there is one; undefined for none. */
  showMesh(run: RunId, mesh: (() => MeshView) | undefined): void {
    if (mesh) this.#meshes.set(run, mesh);
    else this.#meshes.delete(run);
    this.#with(run, (pane) => pane.viewport.showMesh(mesh?.()));
  }

  resize(run: RunId, size: CanvasSize): void {
    this.#sizes.set(run, size);
    this.#with(run, (pane) => {
      pane.size = size;
      pane.viewport.resize(size);
    });
  }

  /** The run's field is another than the one that was drawn. */
  changed(run: RunId): void {
    this.#with(run, () => {});
  }

  move(run: RunId, move: OrbitMove): void {
    this.#with(run, (pane) => {
      pane.target = moved(pane.target, move, this.#viewpoint.bounds);
    });
  }

  /** Lets the cameras of panes stand where that of the first of them stands. */
  gather(runs: readonly RunId[]): void {
    const target = this.#panes.get(runs[0] ?? '')?.target;
    if (!target) return;
    for (const run of runs) {
      this.#with(run, (pane) => {
        pane.target = target;
      });
    }
  }

  /** Whether all objects turn, all alike. */
  set turning(on: boolean) {
    this.#turntable = { on, since: performance.now(), before: this.#turned(performance.now()) };
    for (const pane of this.#panes.values()) pane.stale = true;
    this.#wake();
  }

  /** Where a pane's camera is on its way to; that of the start where there is no such pane. */
  orbitOf(run: RunId): OrbitState {
    const { target } = this.#panes.get(run) ?? { target: this.#viewpoint.start };
    return this.#seen(target, performance.now());
  }

  /**
   * Draws what is due now. Between two steps nothing else is on the device: on a software adapter, which
   * does one thing at a time, this is the moment for it.
   */
  async drawDue(): Promise<void> {
    const now = performance.now();
    for (const pane of this.#panes.values()) {
      if (pane.stale && now >= pane.notBefore) await this.#draw(pane);
    }
  }

  dispose(): void {
    for (const { viewport } of this.#panes.values()) viewport.dispose();
    this.#panes.clear();
  }

  #with(run: RunId, change: (pane: PacedViewport) => void): void {
    const pane = this.#panes.get(run);
    if (!pane) return;
    change(pane);
    pane.stale = true;
    pane.still = pane.hurried;
    this.#wake();
  }

  #wake(): void {
    if (!this.#looping) void this.#loop();
  }

  async #loop(): Promise<void> {
    this.#looping = true;
    while ([...this.#panes.values()].some(({ stale }) => stale)) {
      await new Promise((resolve) => requestAnimationFrame(resolve));
      if (!this.#leftToSteps()) await this.drawDue();
    }
    this.#looping = false;
  }

  /** Whether pictures wait for the end of a step. */
  #leftToSteps(): boolean {
    const moving = [...this.#panes.values()].some(isMoving);
    return this.#gpu.adapter.software && this.#training && !moving;
  }

  /** One picture at a time, whoever asks. */
  #draw(pane: PacedViewport): Promise<void> {
    this.#drawing = this.#drawing.then(() => this.#drawNow(pane));
    return this.#drawing;
  }

  async #drawNow(pane: PacedViewport): Promise<void> {
    const { queue } = this.#gpu.device;
    const { software } = this.#gpu.adapter;
    const moving = isMoving(pane) || (this.#turntable.on && !this.#training);
    const pace = paceOf({ training: this.#training, moving, software });
    const hurried = this.#isHurried(pane);
    const side = hurried ? pane.hurried : pane.still;
    await queue.onSubmittedWorkDone();
    const started = performance.now();
    const seconds = Math.min(0.1, (started - pane.drawn) / 1000);
    pane.orbit = eased(pane.orbit, pane.target, seconds, halfLife);
    pane.drawn = started;
    pane.stale = isMoving(pane) || this.#turntable.on;
    const drawn = await pane.viewport.draw(this.#seen(pane.orbit, started), side);
    await queue.onSubmittedWorkDone();
    const milliseconds = performance.now() - started;
    pane.notBefore = performance.now() + pauseAfter(milliseconds, pace);
    const most = Math.sqrt(pane.size.width * pane.size.height);
    // The time of a size's first picture, or of none, does not say what the next one takes.
    const next = drawn === 'as before' ? nextSide(side, milliseconds, pace, most) : side;
    if (hurried) pane.hurried = next;
    else pane.still = Math.max(side, next);
    const better = !hurried && (drawn === 'first of its size' || next > side);
    if (better || hurried !== this.#isHurried(pane)) pane.stale = true;
  }

  #isHurried(pane: PacedViewport): boolean {
    return this.#training || isMoving(pane) || this.#turntable.on;
  }

  /** The orbit from which a pane's object is seen at a time: the turntable turns all objects. */
  #seen(orbit: OrbitState, now: number): OrbitState {
    return { ...orbit, azimuth: orbit.azimuth - this.#turned(now) };
  }

  /** How far the turntable has turned, in degrees. */
  #turned(now: number): number {
    const { on, since, before } = this.#turntable;
    return on ? before + (turnSpeed * (now - since)) / 1000 : before;
  }
}

const isMoving = ({ orbit, target }: PacedViewport) => orbit !== target;
