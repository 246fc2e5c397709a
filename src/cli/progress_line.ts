/** A line on a terminal that rewrites itself; in a log, one line for each tenth of the work. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  readonly #total: number;
  readonly #started: number;
  readonly #first: number;
  #lastTenth = -1;

  /** @param first steps already done before this process began. */
  constructor(stream: NodeJS.WriteStream, total: number, first = 0) {
    this.#stream = stream;
    this.#total = total;
    this.#first = first;
    this.#started = performance.now();
  }

  /** Shows that `done` of the total is finished, with a few words about it. */
  show(done: number, words: string): void {
    const share = done / this.#total;
    const line = `${this.#bar(share)} ${done}/${this.#total}  ${words}  ${this.#remaining(done)}`;
    if (this.#stream.isTTY) {
      this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns ?? 80) - 1)}`);
      if (done === this.#total) this.#stream.write('\n');
      return;
    }
    const tenth = Math.floor(share * 10);
    if (tenth > this.#lastTenth) this.#stream.write(`${line}\n`);
    this.#lastTenth = tenth;
  }

  #bar(share: number): string {
    const width = 24;
    const filled = Math.round(share * width);
    return `[${'█'.repeat(filled)}${'░'.repeat(width - filled)}]`;
  }

  #remaining(done: number): string {
    const elapsed = (performance.now() - this.#started) / 1000;
    if (done <= this.#first) return '';
    const seconds = Math.round((elapsed / (done - this.#first)) * (this.#total - done));
    const clock = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
    return `${clock} left`;
  }
}
