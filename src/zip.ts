import { type Zippable, zipSync } from 'fflate';

/** A file that leaves the program. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** The first moment that a ZIP archive can name, so that the same files give the same bytes. */
const epoch = new Date(1980, 0, 1);

/** Files that are compressed already. */
const compressed = /\.(png|glb|3mf|usdz|zip)$/;

/** Several files as one ZIP archive, in their order. The same files give the same bytes. */
export function zip(files: readonly NamedBytes[]): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  for (const { name, bytes } of files) {
    entries[name] = [bytes, { level: compressed.test(name) ? 0 : 6 }];
  }
  return zipSync(entries, { mtime: epoch });
}

/**
 * Several files as one archive that is called after the first; one file as it is.
 * @param file the archive's name without its extension.
 */
export function archived(files: readonly NamedBytes[], file?: string): NamedBytes[] {
  if (files.length < 2) return [...files];
  const name = file ?? files[0]!.name.replace(/\.[^.]*$/, '');
  return [{ name: `${name}.zip`, bytes: zip(files) }];
}

/** Bytes of a local header before its name, and of the header of a block in its extra field. */
const headerBytes = { local: 30, extra: 4 };

/**
 * Files as a ZIP archive in which nothing is compressed, each file's bytes beginning at a multiple of
 * `alignment`: what USDZ asks for, so that a program can map them into memory.
 */
export function alignedZip(
  files: readonly NamedBytes[],
  alignment: number,
): Uint8Array<ArrayBuffer> {
  const entries: Zippable = {};
  let end = 0;
  for (const { name, bytes } of files) {
    const header = end + headerBytes.local + new TextEncoder().encode(name).length;
    const start = Math.ceil((header + headerBytes.extra) / alignment) * alignment;
    const padding = new Uint8Array(start - header - headerBytes.extra);
    entries[name] = [bytes, { extra: { [paddingId]: padding } }];
    end = start + bytes.length;
  }
  return zipSync(entries, { level: 0, mtime: epoch });
}

/** Names the block of an extra field that holds nothing but zeros; OpenUSD's own archives use the same. */
const paddingId = 0x1986;
