/** Bytes that are decoded at once. */
const block = 1 << 20;

const [newline, carriage] = [10, 13];

/**
 * The lines of a text, without their ends: \n, \r\n or \r. UTF-8 or UTF-16 by its first bytes; a stretch that is no
 * UTF-8 is taken as Windows-1252, as old programs write accents. A file may be longer than any string.
 */
export function* textLines(bytes: Uint8Array): Generator<string> {
  const wide = wideDecoder(bytes);
  if (wide) {
    yield* wide.decode(bytes).split(/\r\n|\r|\n/);
    return;
  }
  const unicode = new TextDecoder('utf-8', { fatal: true, ignoreBOM: false });
  const western = new TextDecoder('windows-1252');
  for (let start = 0; start < bytes.length; ) {
    const end = endOfBlock(bytes, start);
    const part = bytes.subarray(start, end);
    let text: string;
    try {
      text = unicode.decode(part);
    } catch {
      text = western.decode(part);
    }
    const lines = text.split(/\r\n|\r|\n/);
    // The block ends with a line's end, behind which there is nothing.
    if (lines.at(-1) === '') lines.pop();
    yield* lines;
    start = end;
  }
}

function endOfBlock(bytes: Uint8Array, start: number): number {
  let end = Math.min(start + block, bytes.length);
  while (end < bytes.length && bytes[end - 1] !== newline && bytes[end - 1] !== carriage) end++;
  if (bytes[end - 1] === carriage && bytes[end] === newline) end++;
  return end;
}

function wideDecoder([first, second]: Uint8Array): TextDecoder | undefined {
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le');
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be');
  return undefined;
}

/** The words of a line between blanks. */
export const words = (line: string): string[] => line.split(/[ \t\f\v\0]+/).filter(Boolean);

/** A number as programs write it: some have a comma where the point should be. NaN for what is none. */
export function numberOf(word: string | undefined): number {
  if (word === undefined) return Number.NaN;
  const value = Number(word);
  return Number.isNaN(value) ? Number(word.replace(',', '.')) : value;
}
