/** Play, pause, one step, from the start, and how fast. */
import { button, html } from './elements';

/** What a transport drives. */
export interface Player {
  /** One step. @throws LimbeckError when there can be no other. */
  step(): void | Promise<void>;
  /** Brings the picture up to date, once for all steps of a frame. */
  draw(): void;
  reset(): void;
  /** Is told of what went wrong; the transport has stopped. */
  failed(error: unknown): void;
}

/** Steps in a frame; below one, frames that a step takes. */
const speeds = [0.1, 0.25, 0.5, 1, 2, 4, 8];

export class Transport {
  readonly element: HTMLElement;
  readonly #player: Player;
  readonly #play: HTMLButtonElement;
  #speed = 1;
  #due = 0;
  #playing = false;
  /** Whether a step is on its way, so that there are never two. */
  #busy = false;
  #disposed = false;

  /** @param keys whether space and the right arrow of the document drive it too. */
  constructor(player: Player, keys: boolean) {
    this.#player = player;
    this.#play = button('Play', () => this.toggle(), 'Play or pause (space)');
    this.#play.className = 'primary play';
    const one = button('Step', () => void this.#once(), 'One step (→)');
    const anew = button('Reset', () => this.reset(), 'From the start');
    const speed = html('input', {
      type: 'range',
      min: '0',
      max: String(speeds.length - 1),
      step: '1',
      value: '3',
      'aria-label': 'Speed',
      title: 'Steps in a frame',
    });
    const said = html('output', {}, '1×');
    speed.addEventListener('input', () => {
      this.#speed = speeds[speed.valueAsNumber]!;
      said.textContent = `${this.#speed}×`;
    });
    const label = html('label', { class: 'speed' }, speed, said);
    this.element = html(
      'div',
      { class: 'transport', role: 'group', 'aria-label': 'Run' },
      this.#play,
      one,
      anew,
      label,
    );
    if (keys) document.addEventListener('keydown', this.#onKey);
  }

  get isPlaying(): boolean {
    return this.#playing;
  }

  toggle(): void {
    if (this.#playing) this.pause();
    else this.play();
  }

  play(): void {
    if (this.#playing || this.#disposed) return;
    this.#playing = true;
    this.#play.textContent = 'Pause';
    requestAnimationFrame(this.#frame);
  }

  pause(): void {
    this.#playing = false;
    this.#play.textContent = 'Play';
  }

  reset(): void {
    this.pause();
    this.#player.reset();
    this.#player.draw();
  }

  dispose(): void {
    this.pause();
    this.#disposed = true;
    document.removeEventListener('keydown', this.#onKey);
  }

  readonly #frame = async (): Promise<void> => {
    if (!this.#playing || this.#busy) return;
    this.#due = Math.min(this.#due + this.#speed, 16);
    await this.#take(Math.floor(this.#due));
    this.#due %= 1;
    if (this.#playing) requestAnimationFrame(this.#frame);
  };

  async #once(): Promise<void> {
    this.pause();
    if (!this.#busy) await this.#take(1);
  }

  async #take(count: number): Promise<void> {
    this.#busy = true;
    try {
      for (let i = 0; i < count; i++) await this.#player.step();
      if (count > 0 && !this.#disposed) this.#player.draw();
    } catch (error) {
      this.pause();
      this.#player.failed(error);
    } finally {
      this.#busy = false;
    }
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    const { target, key } = event;
    const plain = !event.ctrlKey && !event.metaKey && !event.altKey;
    // A control that has the focus keeps its keys.
    if (
      !plain ||
      (target instanceof Element && target.closest('button, input, select, a, [tabindex]'))
    )
      return;
    if (key === ' ') this.toggle();
    else if (key === 'ArrowRight') void this.#once();
    else return;
    event.preventDefault();
  };
}
