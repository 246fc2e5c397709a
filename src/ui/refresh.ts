/** Milliseconds between two drawings. */
const interval = 250;

/**
 * Draws what changed, in one frame and a few times a second, however many reports come in: where the
 * GPU process is busy with training, a frame of the page that follows another closely waits for it.
 */
export class Refresh {
  readonly #draw: () => void;
  #requested = false;
  #last = Number.NEGATIVE_INFINITY;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  request(): void {
    if (this.#requested) return;
    this.#requested = true;
    const wait = Math.max(0, this.#last + interval - performance.now());
    setTimeout(() => requestAnimationFrame(() => this.#now()), wait);
  }

  #now(): void {
    this.#requested = false;
    this.#last = performance.now();
    this.#draw();
  }
}
