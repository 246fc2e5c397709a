import { ObjectError } from '../object_mesh';

/** Number types of PLY (Turk 1994), by their names there and in later files. */
const types = {
  char: 'i8',
  int8: 'i8',
  uchar: 'u8',
  uint8: 'u8',
  short: 'i16',
  int16: 'i16',
  ushort: 'u16',
  uint16: 'u16',
  int: 'i32',
  int32: 'i32',
  uint: 'u32',
  uint32: 'u32',
  float: 'f32',
  float32: 'f32',
  double: 'f64',
  float64: 'f64',
} as const;

export type NumberType = (typeof types)[keyof typeof types];

export const bytesOf: Readonly<Record<NumberType, number>> = {
  i8: 1,
  u8: 1,
  i16: 2,
  u16: 2,
  i32: 4,
  u32: 4,
  f32: 4,
  f64: 8,
};

export interface Property {
  readonly name: string;
  readonly type: NumberType;
  /** Of a list: the type of its length. */
  readonly lengthType?: NumberType;
}

export interface Element {
  readonly name: string;
  readonly count: number;
  readonly properties: readonly Property[];
}

export interface PlyHeader {
  readonly encoding: 'ascii' | 'little' | 'big';
  readonly elements: readonly Element[];
  readonly comments: readonly string[];
  /** Where the data begins. */
  readonly bytes: number;
}

const encodings: Readonly<Record<string, PlyHeader['encoding']>> = {
  ascii: 'ascii',
  binary_little_endian: 'little',
  binary_big_endian: 'big',
};

/** @throws ObjectError for a header that is none. */
export function readHeader(bytes: Uint8Array, name: string): PlyHeader {
  const damaged = (reason: string) =>
    new ObjectError(`${name} cannot be read as a PLY: ${reason}.`, 'Save it anew.');
  const { lines, end } = headerLines(bytes);
  if (end < 0) throw damaged("its header has no 'end_header'");
  let encoding: PlyHeader['encoding'] | undefined;
  const elements: { name: string; count: number; properties: Property[] }[] = [];
  const comments: string[] = [];
  for (const line of lines) {
    const [key = '', ...rest] = line.trim().split(/\s+/);
    if (key === 'format') encoding = encodings[rest[0] ?? ''];
    if (key === 'comment' || key === 'obj_info')
      comments.push(line.trim().slice(key.length).trim());
    if (key === 'element') {
      const count = Number(rest[1]);
      if (!Number.isInteger(count) || count < 0) throw damaged(`it says '${line.trim()}'`);
      elements.push({ name: rest[0] ?? '', count, properties: [] });
    }
    if (key === 'property') {
      const isList = rest[0] === 'list';
      const [type, lengthType] = isList
        ? [typeOf(rest[2]), typeOf(rest[1])]
        : [typeOf(rest[0]), undefined];
      const called = rest[isList ? 3 : 1];
      const owner = elements.at(-1);
      if (!type || !called || !owner || (isList && !lengthType))
        throw damaged(`it says '${line.trim()}'`);
      owner.properties.push({ name: called, type, ...(lengthType && { lengthType }) });
    }
  }
  if (!encoding) throw damaged('it does not say whether it is text or binary');
  return { encoding, elements, comments, bytes: end };
}

const typeOf = (word: string | undefined): NumberType | undefined =>
  word !== undefined && Object.hasOwn(types, word) ? types[word as keyof typeof types] : undefined;

const [newline, carriage] = [10, 13];

/** The header's lines, ended by \n, \r\n or \r, and where they end; -1 where they do not. */
function headerLines(bytes: Uint8Array): { lines: string[]; end: number } {
  const lines: string[] = [];
  const decoder = new TextDecoder('windows-1252');
  for (let at = 0; at < bytes.length; ) {
    let end = at;
    while (end < bytes.length && bytes[end] !== newline && bytes[end] !== carriage) end++;
    const line = decoder.decode(bytes.subarray(at, end));
    // Text may follow a lone \r; binary data that begins with the byte of \n cannot be told from it.
    at = end + (bytes[end] === carriage && bytes[end + 1] === newline ? 2 : 1);
    if (line.trim() === 'end_header') return { lines, end: Math.min(at, bytes.length) };
    lines.push(line);
  }
  return { lines, end: -1 };
}
