/** A plane: the target as a relief, particles, and the terms that move them as arrows. */
import { colourOf, html } from '../../page/elements';
import { type PlaneMixture, type Score, scoreAt, unnoised } from '../../plane/mixture';
import { edge } from '../../plane/targets';

/** Pixels of a side; the style sheet shows fewer. */
const side = 480;
/** Cells of the relief. */
const cells = 120;
/** Most particles that get arrows. */
const arrowed = 48;

/** Arrows of one colour: what moves each particle, x and y one after the other. */
export interface Arrows {
  readonly colour: string;
  readonly vectors: Float64Array;
}

/** The relief of a target for all the planes that show it. */
export class Relief {
  readonly #picture = html('canvas', { width: String(cells), height: String(cells) });

  /** @param place in the page, whose colours it takes. */
  constructor(place: Element, target: PlaneMixture) {
    const pen = this.#picture.getContext('2d')!;
    const image = pen.createImageData(cells, cells);
    const [r, g, b] = channels(colourOf(place, '--muted'));
    const into: Score = { log: 0, x: 0, y: 0 };
    // Narrow modes would be dots: they are shown as what a little noise makes of them.
    const shown = { ...target, s: target.s.map((s) => Math.hypot(s, 0.05)) };
    const logs = Float64Array.from({ length: cells * cells }, (_, i) => {
      return scoreAt(shown, unnoised, unit(i % cells), -unit(Math.floor(i / cells)), into).log;
    });
    const top = logs.reduce((a, c) => Math.max(a, c));
    logs.forEach((log, i) => {
      const share = Math.exp(0.5 * (log - top));
      image.data.set([r!, g!, b!, 150 * share], 4 * i);
    });
    pen.putImageData(image, 0, 0);
  }

  drawOn(pen: CanvasRenderingContext2D): void {
    pen.drawImage(this.#picture, 0, 0, side, side);
  }
}

const unit = (i: number) => edge * ((2 * (i + 0.5)) / cells - 1);
const channels = (colour: string) => (colour.match(/[\d.]+/g) ?? []).slice(0, 3).map(Number);
/** A coordinate of the plane in pixels. */
const pixel = (value: number) => (side * (value / edge + 1)) / 2;

export class PlaneView {
  readonly canvas = html('canvas', { width: String(side), height: String(side), role: 'img' });
  readonly #pen = this.canvas.getContext('2d')!;

  constructor(label: string) {
    this.canvas.setAttribute('aria-label', label);
  }

  /** The place of a pointer on the plane. */
  placeOf(event: MouseEvent): [number, number] {
    const { left, top, width, height } = this.canvas.getBoundingClientRect();
    const at = (share: number) => edge * (2 * share - 1);
    return [at((event.clientX - left) / width), -at((event.clientY - top) / height)];
  }

  clear(relief: Relief): void {
    this.#pen.clearRect(0, 0, side, side);
    relief.drawOn(this.#pen);
  }

  /** @param colour as a canvas takes it. @param positions x and y one after the other. */
  dots(positions: Float64Array, colour: string, radius = 4.2): void {
    const pen = this.#pen;
    pen.fillStyle = colour;
    pen.globalAlpha = 0.85;
    for (let i = 0; i < positions.length; i += 2) {
      pen.beginPath();
      pen.arc(pixel(positions[i]!), pixel(-positions[i + 1]!), radius, 0, 7);
      pen.fill();
    }
    pen.globalAlpha = 1;
  }

  /** Circles of a width around the particles: what each stands for. */
  rings(positions: Float64Array, colour: string, width: number): void {
    const pen = this.#pen;
    pen.strokeStyle = colour;
    pen.globalAlpha = 0.25;
    for (let i = 0; i < positions.length; i += 2) {
      pen.beginPath();
      pen.arc(pixel(positions[i]!), pixel(-positions[i + 1]!), (width * side) / (2 * edge), 0, 7);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }

  /** A veil of square cells. @param shade the colour and the opacity of a cell, row by row from the top. */
  cells(count: number, shade: (cell: number) => readonly [colour: string, opacity: number]): void {
    const pen = this.#pen;
    const size = side / count;
    for (let cell = 0; cell < count * count; cell++) {
      const [colour, opacity] = shade(cell);
      pen.fillStyle = colour;
      pen.globalAlpha = opacity;
      pen.fillRect((cell % count) * size, Math.floor(cell / count) * size, size, size);
    }
    pen.globalAlpha = 1;
  }

  /**
   * @param scale of a vector's length on the plane.
   * @param most arrows: of more particles, some have none.
   */
  arrows(
    positions: Float64Array,
    { colour, vectors }: Arrows,
    scale: number,
    most = arrowed,
  ): void {
    const pen = this.#pen;
    pen.strokeStyle = colour;
    pen.fillStyle = colour;
    pen.lineWidth = 2;
    const every = Math.max(1, Math.ceil(positions.length / 2 / most));
    for (let k = 0; k < positions.length / 2; k += every) {
      const [x, y] = [pixel(positions[2 * k]!), pixel(-positions[2 * k + 1]!)];
      let dx = (vectors[2 * k]! * scale * side) / (2 * edge);
      let dy = (-vectors[2 * k + 1]! * scale * side) / (2 * edge);
      const length = Math.hypot(dx, dy);
      if (!(length > 3)) continue;
      const shorten = Math.min(1, 90 / length);
      dx *= shorten;
      dy *= shorten;
      const [ux, uy] = [dx / (length * shorten), dy / (length * shorten)];
      pen.beginPath();
      pen.moveTo(x, y);
      pen.lineTo(x + dx, y + dy);
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x + dx + 6 * ux, y + dy + 6 * uy);
      pen.lineTo(x + dx - 3.5 * uy, y + dy + 3.5 * ux);
      pen.lineTo(x + dx + 3.5 * uy, y + dy - 3.5 * ux);
      pen.fill();
    }
  }
}
