/** Milliseconds between two tries for a lock, and how many there are: a page that closes or reloads lets go by then. */
const pause = 250;
const tries = 12;

/** Holds a Web Lock that nobody else asks for, until this thread ends. Resolves when it is held. */
export function holdForLife(name: string): Promise<void> {
  return new Promise((resolve) => {
    void navigator.locks.request(name, () => {
      resolve();
      return new Promise<never>(() => {});
    });
  });
}

/**
 * Holds a Web Lock until it is let go or this thread ends.
 * @returns what lets it go; undefined when another has it and keeps it.
 */
export async function holdLock(name: string): Promise<(() => void) | undefined> {
  for (let left = tries; left > 0; left--) {
    const release = await tryLock(name);
    if (release) return release;
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  return undefined;
}

function tryLock(name: string): Promise<(() => void) | undefined> {
  return new Promise((resolve, reject) => {
    navigator.locks
      .request(name, { ifAvailable: true }, (lock) => {
        if (!lock) return resolve(undefined);
        return new Promise<void>((release) => resolve(release));
      })
      .catch(reject);
  });
}

/** Names of the locks that any thread of this origin holds. */
export async function heldLocks(): Promise<ReadonlySet<string>> {
  const { held = [] } = await navigator.locks.query();
  return new Set(held.flatMap(({ name }) => (name === undefined ? [] : [name])));
}
