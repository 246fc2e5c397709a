/** Milliseconds that a page which is closing or reloading is given to let go. */
const patience = 3000;

/**
 * Holds a Web Lock until it is let go or this thread ends.
 * @returns what lets it go; undefined when another has it and keeps it.
 */
export async function holdLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve) => {
    navigator.locks
      .request(name, { signal: AbortSignal.timeout(patience) }, () => {
        return new Promise<void>((release) => resolve(release));
      })
      .catch(() => resolve(undefined));
  });
}

/** Names of the locks that any thread of this origin holds. */
export async function heldLocks(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name === undefined ? [] : [name])));
}
