/** Most points that a plot keeps. */
const most = 240;

/**
 * A curve of unknown length in bounded memory: when it is full, neighbours are averaged and from then
 * on each point stands for twice as many values.
 */
export class Series {
  #points: number[] = [];
  #each = 1;
  #sum = 0;
  #count = 0;

  /** Means of equally many values each, oldest first; the values since are not among them yet. */
  get points(): readonly number[] {
    return this.#points;
  }

  add(value: number): void {
    if (!Number.isFinite(value)) return;
    this.#sum += value;
    this.#count++;
    if (this.#count < this.#each) return;
    this.#points.push(this.#sum / this.#count);
    this.#sum = 0;
    this.#count = 0;
    if (this.#points.length >= most) this.#halve();
  }

  clear(): void {
    this.#points = [];
    this.#each = 1;
    this.#sum = 0;
    this.#count = 0;
  }

  #halve(): void {
    const points = this.#points;
    this.#points = Array.from(
      { length: points.length / 2 },
      (_, i) => (points[2 * i]! + points[2 * i + 1]!) / 2,
    );
    this.#each *= 2;
  }
}
