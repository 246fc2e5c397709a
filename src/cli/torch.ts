import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import type { Baseline, BaselineResult } from '../bench/baseline';
import { SettingsError } from '../settings';

const program = fileURLToPath(new URL('../../tests/bench/torch_step.py', import.meta.url));

export interface TorchOptions {
  /** A Python that has PyTorch. */
  readonly python: string;
  readonly device: 'cpu' | 'cuda';
  /** Threads that PyTorch may use on the processor. */
  readonly threads: number;
  readonly clock: 'wall' | 'processor';
}

/** Steps that are timed; their median counts. */
const repetitions = 5;

/**
 * The same step in plain PyTorch, as a program of its own.
 * @throws SettingsError when it cannot be started or fails; its own words are on standard error.
 */
export const torchBaseline =
  ({ python, ...options }: TorchOptions): Baseline =>
  async ({ occupancy, ...step }) => {
    const words = Buffer.from(occupancy.buffer, occupancy.byteOffset, occupancy.byteLength);
    const input = { ...step, ...options, repetitions, occupancy: words.toString('base64') };
    const child = spawn(python, [program], { stdio: ['pipe', 'pipe', 'inherit'] });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    child.stdin.on('error', () => {
      // A program that does not start closes its input; why, its exit says.
    });
    child.stdin.end(JSON.stringify(input));
    const [output, code] = await Promise.all([text(child.stdout), ended]).catch((error: Error) => {
      throw new SettingsError(`'${python}' cannot be started: ${error.message}.`, 'Check --torch.');
    });
    if (code === 0) return JSON.parse(output) as BaselineResult;
    throw new SettingsError(
      `'${python}' failed at ${program}.`,
      'Give --torch a Python that has PyTorch.',
    );
  };
