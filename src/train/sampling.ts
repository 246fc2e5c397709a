import { viewsToImage } from '../image/strip';
import type { Estimate } from '../prior/sampler';
import type { SampleRequest, SessionReport } from '../protocol/messages';
import type { Settings } from '../settings';

/** What sampling asks of an engine: `Engine` is one. */
export interface SampleSource {
  readonly manifest: { readonly views: number; readonly resolution: number };
  /** What of a prompt the prior does not take in, in sentences. */
  notesOn(prompt: string): readonly string[];
  sample(
    prompt: string,
    options: { readonly seed: number; readonly exemplar?: Settings['exemplar'] },
  ): AsyncGenerator<Estimate, void>;
}

/** A report of what the prior does not take in of a prompt, if there is such a thing. */
export function noteOn(source: SampleSource, prompt: string): SessionReport | undefined {
  const notes = source.notesOn(prompt);
  return notes.length > 0 ? { type: 'note', message: notes.join(' ') } : undefined;
}

/** A sample of the prior on its way, step by step. */
export class Sampling {
  readonly #source: SampleSource;
  readonly #request: SampleRequest;
  readonly #estimates: AsyncGenerator<Estimate, void>;
  #noted = false;

  constructor(source: SampleSource, request: SampleRequest) {
    this.#source = source;
    this.#request = request;
    const { prompt, ...options } = request;
    this.#estimates = source.sample(prompt, options);
  }

  /** Takes the next step, or says first what of the prompt is lost; undefined when there is none left. */
  async takeStep(): Promise<SessionReport | undefined> {
    const note = this.#noted ? undefined : noteOn(this.#source, this.#request.prompt);
    this.#noted = true;
    if (note) return note;
    const { done, value } = await this.#estimates.next();
    if (done) return undefined;
    const { step, steps, views } = value;
    const { views: count, resolution: size } = this.#source.manifest;
    const image = viewsToImage(views, { count, size, background: null });
    return { type: 'sample', request: this.#request, step, steps, image };
  }

  /** Frees what it holds before its end. */
  async stop(): Promise<void> {
    await this.#estimates.return();
  }
}
