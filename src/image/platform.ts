import type { Image } from './image';

/** Formats that the platform decodes: a page by itself, Node by packages. */
export type PlatformFormat = 'WebP' | 'AVIF' | 'GIF' | 'BMP';

/**
 * Decodes what this project has no decoder of its own for; see `bitmap.ts` for pages, `picture_node.ts` for Node.
 * @throws Error saying what is wrong with the bytes.
 */
export type PlatformDecoder = (
  bytes: Uint8Array<ArrayBuffer>,
  format: PlatformFormat,
) => Promise<Image>;
