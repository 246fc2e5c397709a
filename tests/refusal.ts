import { inWords } from '../src/errors';

/** What people are told of the error that an act, or a promise, ends with. @throws Error when it does not fail. */
export async function refusal(act: Promise<unknown> | (() => unknown)): Promise<string> {
  let words: string;
  try {
    await (typeof act === 'function' ? act() : act);
    words = '';
  } catch (error) {
    words = inWords(error, 'Nobody foresaw this.');
  }
  if (words === '') throw new Error('It was not refused.');
  return words;
}
