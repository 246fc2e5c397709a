/** Whether a picture says that it has several frames: as a GIF, a WebP, an AVIF or a PNG does. */
export function isAnimated(bytes: Uint8Array): boolean {
  if (startsWith(bytes, 'GIF8')) return gifFrames(bytes) > 1;
  if (startsWith(bytes, 'WEBPVP8X', 8)) return (bytes[20]! & 2) !== 0;
  if (startsWith(bytes, 'ftypavis', 4)) return true;
  // The chunk of an animated PNG comes before its pixels.
  return startsWith(bytes, '\x89PNG') && indexOf(bytes, 'acTL') < indexOf(bytes, 'IDAT');
}

/** Whether the bytes from `at` on are those of a text in Latin-1. */
export const startsWith = (bytes: Uint8Array, text: string, at = 0): boolean =>
  [...text].every((character, i) => bytes[at + i] === character.charCodeAt(0));

function indexOf(bytes: Uint8Array, text: string): number {
  for (
    let at = bytes.indexOf(text.charCodeAt(0));
    at >= 0;
    at = bytes.indexOf(text.charCodeAt(0), at + 1)
  ) {
    if (startsWith(bytes, text, at)) return at;
  }
  return Number.POSITIVE_INFINITY;
}

/** Bytes of a GIF's header, of an image's descriptor, and the first bytes of its blocks. */
const gif = { header: 13, descriptor: 10, image: 0x2c, extension: 0x21 };

/** Frames of a GIF (GIF89a specification, sections 15 to 27), as far as it is whole. */
function gifFrames(bytes: Uint8Array): number {
  const colours = (flags = 0) => (flags & 0x80 ? 3 * 2 ** ((flags & 7) + 1) : 0);
  let frames = 0;
  let at = gif.header + colours(bytes[10]);
  while (at < bytes.length) {
    if (bytes[at] === gif.image) {
      frames += 1;
      // Its colours, and the least size of a code.
      at += gif.descriptor + colours(bytes[at + 9]) + 1;
    } else if (bytes[at] === gif.extension) at += 2;
    else break;
    // Blocks of data, each after its length, until one of length 0.
    while (bytes[at]) at += bytes[at]! + 1;
    at += 1;
  }
  return frames;
}
