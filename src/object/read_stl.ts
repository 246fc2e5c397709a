import { linear } from '../image/srgb';
import { checkTriangles, MeshBuilder } from './mesh_builder';
import { ObjectError } from './object_mesh';
import type { Reader, Reading } from './reading';
import { numberOf, textLines, words } from './text_lines';

/** Bytes before the triangles of a binary file, and of one of them. */
const [headerBytes, triangleBytes] = [84, 50];

const zUp = 'as in files for printers';

/** Reads an STL, binary or text, with the colours of Magics or of VisCAM where it has them. */
export const readStl: Reader = async (bytes, reading) =>
  isBinary(bytes) ? readBinary(bytes, reading) : readText(bytes, reading);

/** Text begins with 'solid'; so do binary files by careless programs, whose length tells. */
function isBinary(bytes: Uint8Array): boolean {
  if (bytes.length < headerBytes) return false;
  const start = new TextDecoder('windows-1252').decode(bytes.subarray(0, 1024)).trimStart();
  const count = new DataView(bytes.buffer, bytes.byteOffset).getUint32(80, true);
  if (bytes.length === headerBytes + triangleBytes * count) return true;
  const isText = /^(\xef\xbb\xbf)?(solid|facet)\b/i.test(start);
  return !(isText && (/facet|endsolid/i.test(start) || !start.includes('\0')));
}

function readBinary(bytes: Uint8Array, { name }: Reading) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const said = view.getUint32(80, true);
  const whole = Math.floor((bytes.length - headerBytes) / triangleBytes);
  // Programs that write as they go may leave the number open.
  const count = said === 0 || said === 0xffffffff ? whole : said;
  if (count > whole) {
    throw new ObjectError(
      `${name} should have ${count.toLocaleString('en')} triangles and ends after ${whole.toLocaleString('en')}.`,
      'Copy or save it anew.',
    );
  }
  checkTriangles(count, name);
  const header = new TextDecoder('windows-1252').decode(bytes.subarray(0, 80));
  const isMagics = header.includes('COLOR=');
  const standard = isMagics ? magicsColour(bytes, header) : ([1, 1, 1] as const);
  const builder = new MeshBuilder(name, Math.max(count, 1));
  const paint = builder.paint('plain', { cutoff: 0 });
  for (let i = 0; i < count; i++) {
    const at = headerBytes + triangleBytes * i;
    const corner = builder.triangle(paint);
    const bits = view.getUint16(at + 48, true);
    // Magics counts red from the lowest bits and clears the highest where a triangle has a colour; VisCAM the reverse.
    const own = (bits >> 15 === 1) !== isMagics;
    const [low, middle, high] = [0, 5, 10].map((shift) => linear(((bits >> shift) & 31) / 31));
    const colour = !own ? standard : isMagics ? [low!, middle!, high!] : [high!, middle!, low!];
    for (let k = 0; k < 3; k++) {
      const p = at + 12 + 12 * k;
      builder.position(
        corner + k,
        view.getFloat32(p, true),
        view.getFloat32(p + 4, true),
        view.getFloat32(p + 8, true),
      );
      builder.colour(corner + k, colour[0]!, colour[1]!, colour[2]!);
    }
  }
  return { mesh: builder.mesh(), zUp };
}

/** The colour that follows 'COLOR=' in the header: RGBA, a byte each. */
function magicsColour(bytes: Uint8Array, header: string): readonly number[] {
  const at = header.indexOf('COLOR=') + 'COLOR='.length;
  return [0, 1, 2].map((c) => linear((bytes[at + c] ?? 255) / 255));
}

function readText(bytes: Uint8Array, { name }: Reading) {
  const builder = new MeshBuilder(name);
  const paint = builder.paint('plain', { cutoff: 0 });
  let corners: number[] = [];
  for (const line of textLines(bytes)) {
    const parts = words(line);
    // Files exist with a whole facet in one line.
    for (let i = 0; i < parts.length; i++) {
      const word = parts[i]!.toLowerCase();
      if (word === 'facet' || word === 'loop') corners = [];
      if (word !== 'vertex') continue;
      corners.push(...[1, 2, 3].map((k) => numberOf(parts[i + k])));
      if (corners.length < 9) continue;
      const corner = builder.triangle(paint);
      for (let k = 0; k < 3; k++) {
        builder.position(corner + k, corners[3 * k]!, corners[3 * k + 1]!, corners[3 * k + 2]!);
        builder.colour(corner + k, 1, 1, 1);
      }
      corners = [];
    }
  }
  return { mesh: builder.mesh(), zUp };
}
