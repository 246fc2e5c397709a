/**
 * Something that people can do something about. The message says what happened and names what it happened to, the
 * remedy says what to do; both are whole sentences. A subclass is for those whom somebody catches by class.
 */
export class LimbeckError extends Error {
  override readonly name: string = 'LimbeckError';
  readonly remedy: string;

  constructor(message: string, remedy: string, options?: ErrorOptions) {
    super(message, options);
    this.remedy = remedy;
  }
}

/** Whether an error says what to do: others, which nobody foresaw, are of interest with their stack. */
export const hasRemedy = (error: unknown): error is Error & { readonly remedy: string } =>
  error instanceof Error && 'remedy' in error && typeof error.remedy === 'string';

/** What to do about an error that nobody foresaw, in the page. */
const anew = 'Reset and start again; if that does not help, reload the page.';

/**
 * An error in words for people: what happened and what to do.
 * @param otherwise what to do about an error that does not say it.
 */
export function inWords(error: unknown, otherwise = anew): string {
  if (hasRemedy(error)) return `${error.message} ${error.remedy}`;
  const message = error instanceof Error ? error.message : String(error);
  return `${message.replace(/\.?$/, '.')} ${otherwise}`;
}
