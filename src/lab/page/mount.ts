/** What the lab and its pages know of each other. */

/** A page that is shown. */
export interface Shown {
  readonly element: HTMLElement;
  dispose(): void;
}

/** What a page may ask of the lab. */
export interface Desk {
  /** Puts a page's settings into the address. */
  remember(query: URLSearchParams): void;
  /** Says what went wrong, until it is dismissed or the page changes. */
  say(error: unknown): void;
  /** Whether the page has the keys of the document to itself. */
  readonly keys: boolean;
  /** Takes back what was said. */
  quiet(): void;
}

/** Makes a page out of what the address holds. */
export type Mount = (query: URLSearchParams, desk: Desk) => Shown;
