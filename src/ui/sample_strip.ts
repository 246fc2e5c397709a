import type { SampleRequest, SessionReport } from '../protocol/messages';
import { find, setText } from './dom';

type SampleReport = Extract<SessionReport, { type: 'sample' }>;

/** Pixels across a view as it is shown: many more than it has, so that enlarging it is smooth. */
const side = 256;

/** Places for views before it is known how many the prior draws. */
const usualCount = 4;

/** What the prior draws by itself for a prompt: its views side by side, as they emerge from the noise. */
export class SampleStrip {
  readonly #element: HTMLElement;
  readonly #views: HTMLElement;
  /** The views in their own size. */
  readonly #small = document.createElement('canvas');
  #request: SampleRequest | undefined;
  #report: SampleReport | undefined;
  #failed = false;
  #changed = false;

  /** @param onClose called when the visitor closes the strip. */
  constructor(root: ParentNode, onClose: () => void) {
    this.#element = find(root, '#prior');
    this.#views = find(this.#element, '.views');
    find(this.#element, 'button').addEventListener('click', () => {
      this.#request = undefined;
      this.#element.hidden = true;
      onClose();
    });
  }

  /** A sample was asked for: the strip opens, empty. */
  expect(request: SampleRequest): void {
    this.#request = request;
    this.#show(undefined, false);
    const prompt = find(this.#element, '.prompt');
    setText(prompt, request.prompt);
    prompt.title = request.prompt;
    setText(find(this.#element, '.seed'), `Seed ${request.seed}`);
    this.#views.setAttribute('aria-label', `Views that the prior draws of ${request.prompt}`);
    this.#element.hidden = false;
    this.draw();
  }

  /** Takes a report in, unless the strip was closed or something else was asked for since. */
  hear(report: SampleReport): void {
    const { prompt, seed } = report.request;
    if (prompt !== this.#request?.prompt || seed !== this.#request.seed) return;
    this.#show(report, false);
  }

  /** What is being drawn will not be finished. */
  fail(): void {
    this.#show(this.#report, true);
  }

  draw(): void {
    if (!this.#changed) return;
    this.#changed = false;
    const { step = 0, steps = 0 } = this.#report ?? {};
    const isDone = step > 0 && step === steps;
    this.#element.dataset.state = this.#failed ? 'failed' : isDone ? 'done' : 'drawing';
    this.#element.style.setProperty('--done', String(step / Math.max(1, steps)));
    setText(find(this.#element, '.state'), words(step, steps, this.#failed));
    this.#drawViews(this.#report?.image);
  }

  #show(report: SampleReport | undefined, failed: boolean): void {
    this.#report = report;
    this.#failed = failed;
    this.#changed = true;
  }

  #drawViews(image: SampleReport['image'] | undefined): void {
    const size = image?.height ?? 0;
    const canvases = this.#canvases(image ? image.width / size : usualCount);
    if (image) {
      Object.assign(this.#small, { width: image.width, height: size });
      const pixels = new ImageData(image.data, image.width, size);
      this.#small.getContext('2d')?.putImageData(pixels, 0, 0);
    }
    for (const [view, canvas] of canvases.entries()) {
      const context = canvas.getContext('2d');
      context?.clearRect(0, 0, side, side);
      if (!image || !context) continue;
      context.imageSmoothingQuality = 'high';
      context.drawImage(this.#small, view * size, 0, size, size, 0, 0, side, side);
    }
  }

  #canvases(count: number): readonly HTMLCanvasElement[] {
    if (this.#views.childElementCount !== count) {
      const made = Array.from({ length: count }, () => document.createElement('canvas'));
      for (const canvas of made) Object.assign(canvas, { width: side, height: side });
      this.#views.replaceChildren(...made);
    }
    return [...this.#views.querySelectorAll('canvas')];
  }
}

function words(step: number, steps: number, failed: boolean): string {
  if (failed) return 'stopped';
  if (step === 0) return 'waiting for the engine';
  return step === steps ? `drawn in ${steps} steps` : `step ${step} of ${steps}`;
}
