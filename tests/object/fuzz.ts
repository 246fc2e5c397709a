import { decodeInNode } from '../../src/image/picture_node';
import { ObjectError } from '../../src/object/object_mesh';
import { readObject } from '../../src/object/read_object';
import { besideOf } from './case_files';
import { type FuzzedFormat, mutant, originals } from './mutants';

/** What became of mutants. */
export interface Fuzzed {
  readonly objects: number;
  readonly refused: number;
  /** The most seconds of processor time that one took. */
  readonly longest: number;
  /** The most bytes that the process grew by. */
  readonly growth: number;
}

/** Reads mutants. @throws Error naming one by its number when it ends with anything but an object or an ObjectError. */
export async function fuzz(format: FuzzedFormat, count: number): Promise<Fuzzed> {
  const from = await originals(format);
  const before = process.memoryUsage.rss();
  let [objects, refused, longest, growth] = [0, 0, 0, 0];
  for (let number = 0; number < count; number++) {
    const files = mutant(from, number);
    const [name, bytes] = files[0]!;
    const started = process.cpuUsage();
    try {
      const { mesh } = await readObject(bytes, name, besideOf(new Map(files)), {
        platform: decodeInNode,
      });
      if (!mesh.positions.every(Number.isFinite) || !mesh.colours.every(Number.isFinite)) {
        throw new RangeError('It has numbers that are not finite.');
      }
      objects++;
    } catch (error) {
      if (!(error instanceof ObjectError)) {
        throw new Error(`Mutant ${number} of ${format}, from ${name}: ${error}`, { cause: error });
      }
      refused++;
    }
    const { user, system } = process.cpuUsage(started);
    longest = Math.max(longest, (user + system) / 1e6);
    growth = Math.max(growth, process.memoryUsage.rss() - before);
  }
  return { objects, refused, longest, growth };
}
