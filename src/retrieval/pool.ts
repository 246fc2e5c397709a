/** The captions among which a prompt is to be found. */

/** Words that say nothing of what an object is. */
const small = new Set(['a', 'an', 'the', 'of', 'with', 'and', 'in', 'on', 'some']);

const words = (caption: string): Set<string> =>
  new Set(
    (caption.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? []).filter((word) => !small.has(word)),
  );

const within = (a: Set<string>, b: Set<string>) => [...a].every((word) => b.has(word));

/**
 * Whether one caption may be said of whatever the other is said of, as far as its words tell: "a chair" and "a red
 * chair".
 */
export function fitsToo(a: string, b: string): boolean {
  const [one, other] = [words(a), words(b)];
  return within(one, other) || within(other, one);
}

/**
 * The prompt, then the first of `captions` that do not fit it as well, `size` in all, fewer if there are no more.
 */
export function poolOf(prompt: string, captions: readonly string[], size: number): string[] {
  const others = [...new Set(captions)].filter((caption) => !fitsToo(prompt, caption));
  return [prompt, ...others.slice(0, size - 1)];
}

/** How many others score higher than the first: 0 is right at once. */
export function rankOfFirst(scores: ArrayLike<number>): number {
  const own = scores[0]!;
  // What is not a number is no caption that was found: it never counts for the prompt.
  return Array.from(scores).filter((score, i) => i > 0 && !(score <= own)).length;
}

/** Natural logarithm of the share that a softmax of `scores` gives to the first. */
export function logShareOfFirst(scores: ArrayLike<number>): number {
  const list = Array.from(scores);
  const most = Math.max(...list);
  const sum = list.reduce((total, score) => total + Math.exp(score - most), 0);
  return list[0]! - most - Math.log(sum);
}
