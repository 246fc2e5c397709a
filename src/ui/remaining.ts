/** Seconds of work whose pace the remaining time is judged by. */
const memory = 20;

/** Time left, judged by the pace of the last seconds. Times in seconds. */
export class Remaining {
  #marks: { readonly at: number; readonly done: number }[] = [];

  /** `done` of the work was done at time `now`. */
  note(now: number, done: number): void {
    this.#marks.push({ at: now, done });
    while (this.#marks.length > 2 && now - this.#marks[1]!.at > memory) this.#marks.shift();
  }

  /** Undefined until there is a pace. */
  seconds(total: number): number | undefined {
    const [first, last] = [this.#marks[0], this.#marks.at(-1)];
    if (!first || !last || last.done <= first.done) return undefined;
    return ((last.at - first.at) / (last.done - first.done)) * (total - last.done);
  }

  /** Forgets the pace: the work was interrupted. */
  clear(): void {
    this.#marks = [];
  }
}

/** Seconds as a clock: 0:07, 12:30, 1:02:03. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const pad = (value: number) => String(value).padStart(2, '0');
  return h > 0 ? `${h}:${pad(m)}:${pad(s)}` : `${m}:${pad(s)}`;
}
