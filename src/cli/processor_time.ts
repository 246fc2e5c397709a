import { readdir, readFile } from 'node:fs/promises';

/** Clock ticks of a second, as Linux counts them for programs. */
const ticks = 100;

interface Process {
  readonly id: number;
  readonly parent: number;
  readonly seconds: number;
}

/**
 * Processor seconds that the programs which this process started, and those that they started, have taken so far: the
 * living ones. NaN where the system is not Linux.
 */
export async function childrensSeconds(): Promise<number> {
  if (process.platform !== 'linux') return Number.NaN;
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const found = (await Promise.all(ids.map(processOf))).filter((one) => one !== undefined);
  const family = new Set([process.pid]);
  let seconds = 0;
  // A child may come before its parent in the list: as many rounds as there are generations.
  for (let before = 0; before < family.size; ) {
    before = family.size;
    for (const { id, parent, seconds: own } of found) {
      if (family.has(id) || !family.has(parent)) continue;
      family.add(id);
      seconds += own;
    }
  }
  return seconds;
}

/** Undefined when it has ended meanwhile. */
async function processOf(id: string): Promise<Process | undefined> {
  const stat = await readFile(`/proc/${id}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may contain anything; state, parent, … follow (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  if (fields.length < 13) return undefined;
  const seconds = (Number(fields[11]) + Number(fields[12])) / ticks;
  return { id: Number(id), parent: Number(fields[1]), seconds };
}
