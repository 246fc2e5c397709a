/** Handles on the modes of the target: dragged along the line they move, up and down they widen. */
import { bounds, clamp, type Mixture } from '../../line/mixture';
import type { Chart } from '../../page/chart';
import { svg } from '../../page/elements';

const root = Math.sqrt(2 * Math.PI);

export class ModeHandles {
  readonly #chart: Chart;
  readonly #layer = svg('g');
  readonly #change: (next: Mixture) => void;
  #modes: Mixture = [];

  constructor(chart: Chart, change: (next: Mixture) => void) {
    this.#chart = chart;
    this.#change = change;
    // A picture as such has nothing in it that can be reached.
    chart.picture.setAttribute('role', 'group');
    chart.picture.append(this.#layer);
  }

  /** Puts the handles where the modes are; after the chart has drawn its curves. */
  draw(modes: Mixture): void {
    this.#modes = modes;
    while (this.#layer.childElementCount > modes.length) this.#layer.lastElementChild!.remove();
    while (this.#layer.childElementCount < modes.length) {
      this.#layer.append(this.#handle(this.#layer.childElementCount));
    }
    modes.forEach(({ mean, deviation, weight }, k) => {
      const handle = this.#layer.children[k]!;
      const [x, y] = this.#chart.at(clamp(mean, -6, 6), weight / (deviation * root));
      handle.setAttribute('transform', `translate(${x} ${y})`);
      handle.setAttribute('aria-valuenow', mean.toFixed(2));
      handle.setAttribute(
        'aria-valuetext',
        `mean ${mean.toFixed(2)}, deviation ${deviation.toFixed(2)}`,
      );
    });
  }

  #handle(k: number): SVGGElement {
    const handle = svg('g', {
      class: 'handle',
      tabindex: 0,
      role: 'slider',
      'aria-label': `Mode ${k + 1}: left and right move it, up and down change its width`,
      'aria-valuemin': -6,
      'aria-valuemax': 6,
    });
    handle.append(svg('circle', { class: 'halo', r: 18 }), svg('circle', { r: 6 }));
    handle.addEventListener('pointerdown', (event) => {
      event.preventDefault();
      handle.focus();
      const move = (next: PointerEvent) => this.#drag(k, next);
      const end = () => {
        window.removeEventListener('pointermove', move);
        window.removeEventListener('pointerup', end);
        window.removeEventListener('pointercancel', end);
      };
      window.addEventListener('pointermove', move);
      window.addEventListener('pointerup', end);
      window.addEventListener('pointercancel', end);
    });
    handle.addEventListener('keydown', (event) => {
      const { mean, deviation } = this.#modes[k]!;
      const far = event.shiftKey ? 5 : 1;
      if (event.key === 'ArrowLeft') this.#set(k, mean - 0.1 * far, deviation);
      else if (event.key === 'ArrowRight') this.#set(k, mean + 0.1 * far, deviation);
      else if (event.key === 'ArrowUp') this.#set(k, mean, deviation / 1.05 ** far);
      else if (event.key === 'ArrowDown') this.#set(k, mean, deviation * 1.05 ** far);
      else return;
      event.preventDefault();
    });
    return handle;
  }

  #drag(k: number, event: PointerEvent): void {
    const matrix = this.#chart.picture.getScreenCTM();
    if (!matrix) return;
    const { x, y } = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix.inverse());
    const [x0, y0] = this.#chart.at(0, 0);
    const [x1, y1] = this.#chart.at(1, 1);
    const height = Math.max(0.01, (y - y0) / (y1 - y0));
    this.#set(k, (x - x0) / (x1 - x0), this.#modes[k]!.weight / (height * root));
  }

  #set(k: number, mean: number, deviation: number): void {
    const moved = {
      ...this.#modes[k]!,
      mean: clamp(mean, -6, 6),
      deviation: clamp(deviation, Math.max(0.15, bounds.deviation[0]), 4),
    };
    this.#change(this.#modes.map((mode, i) => (i === k ? moved : mode)));
  }
}
