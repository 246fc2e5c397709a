import { open } from 'node:fs/promises';
import { LimbeckError } from '../../errors';
import type { Cell } from '../../eval/cell';
import { SettingsError, validatePrompt } from '../../settings';

/** Most prompts of a grid: more than a night of any machine. */
const mostPrompts = 10_000;

/** What an object is made of, and the caption by which it is judged, where that is another. */
export type AskedPrompt = Pick<Cell, 'prompt' | 'caption'>;

/** Prompts of a file, and what of its lines was left out. */
export interface PromptList {
  readonly prompts: readonly AskedPrompt[];
  readonly notes: readonly string[];
}

/** Between a prompt and the caption by which it is judged. */
const judgedBy = '=>';

/**
 * Reads a file of prompts, one a line, with `=>` and a caption where it is judged by another; empty lines, lines that begin with # and repeats are left out.
 * @throws LimbeckError when it cannot be read, has a line that is no prompt, none at all, or too many.
 */
export async function readPrompts(path: string): Promise<PromptList> {
  const file = await open(path).catch((error: Error) => {
    throw new LimbeckError(`${path} cannot be read: ${error.message}.`, 'Check --prompts.');
  });
  try {
    return await promptsOf(path, file.readLines({ encoding: 'utf8' }));
  } catch (error) {
    if (error instanceof LimbeckError) throw error;
    const { message } = error as Error;
    throw new LimbeckError(`${path} cannot be read: ${message}.`, 'Give a file of text.');
  } finally {
    await file.close();
  }
}

/** @param path names the file in messages. */
export async function promptsOf(
  path: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<PromptList> {
  const found = new Map<string, AskedPrompt>();
  let [number, repeats] = [0, 0];
  for await (const line of lines) {
    number++;
    const said = line.replace(/^\uFEFF/, '').trim();
    if (said === '' || said.startsWith('#')) continue;
    const asked = askedIn(said);
    const { prompt, caption } = asked;
    if (found.has(prompt)) {
      repeats++;
      continue;
    }
    checkLine(path, number, prompt);
    if (caption !== undefined) checkLine(path, number, caption);
    found.set(prompt, asked);
    // Before a file of a million lines is read to its end.
    if (found.size > mostPrompts) {
      throw new LimbeckError(
        `${path} has more than ${mostPrompts} prompts.`,
        'Split it: each part is a grid of its own.',
      );
    }
  }
  if (found.size === 0) {
    throw new LimbeckError(`${path} has no prompts.`, 'Write one a line.');
  }
  const notes =
    repeats > 0
      ? [`${path}: ${repeats} repeated ${repeats === 1 ? 'line' : 'lines'} left out.`]
      : [];
  return { prompts: [...found.values()], notes };
}

function askedIn(line: string): AskedPrompt {
  const at = line.indexOf(judgedBy);
  if (at < 0) return { prompt: line };
  return { prompt: line.slice(0, at).trim(), caption: line.slice(at + judgedBy.length).trim() };
}

function checkLine(path: string, number: number, prompt: string): void {
  try {
    if (/\p{Cc}/u.test(prompt.replaceAll('\t', ' '))) {
      throw new SettingsError('It is not text.', 'Give text.');
    }
    validatePrompt(prompt);
  } catch (error) {
    const { message } = error as Error;
    throw new LimbeckError(
      `${path}, line ${number}, is no prompt: ${message}`,
      'Correct the line, or take it out.',
    );
  }
}
