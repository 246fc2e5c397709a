import { ObjectError } from '../object_mesh';
import { numberOf, textLines, words } from '../text_lines';
import { bytesOf, type NumberType, type PlyHeader } from './header';

/** The numbers of a PLY's data, one after another. */
export interface Numbers {
  /** @throws ObjectError where the file has ended. */
  next(type: NumberType): number;
  /** @throws ObjectError where so many rows of at least so many numbers or bytes cannot follow. */
  expect(rows: number, numbers: number, bytes: number): void;
  /** Bytes of a binary file that nobody has asked for; 0 of a text. */
  left(): number;
  /** What a file with such data is refused with. */
  damaged(reason: string): ObjectError;
}

export function numbersOf(bytes: Uint8Array, header: PlyHeader, name: string): Numbers {
  const data = bytes.subarray(header.bytes);
  const damaged = (reason: string) =>
    new ObjectError(`${name} cannot be read as a PLY: ${reason}.`, 'Copy or save it anew.');
  return header.encoding === 'ascii'
    ? textNumbers(data, damaged)
    : binaryNumbers(data, header.encoding === 'little', damaged);
}

type Damaged = Numbers['damaged'];
const early = 'it ends too early';

function binaryNumbers(data: Uint8Array, little: boolean, damaged: Damaged): Numbers {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const readers: Readonly<Record<NumberType, (at: number) => number>> = {
    i8: (at) => view.getInt8(at),
    u8: (at) => view.getUint8(at),
    i16: (at) => view.getInt16(at, little),
    u16: (at) => view.getUint16(at, little),
    i32: (at) => view.getInt32(at, little),
    u32: (at) => view.getUint32(at, little),
    f32: (at) => view.getFloat32(at, little),
    f64: (at) => view.getFloat64(at, little),
  };
  let at = 0;
  return {
    damaged,
    left: () => data.length - at,
    next: (type) => {
      if (at + bytesOf[type] > data.length) throw damaged(early);
      const value = readers[type](at);
      at += bytesOf[type];
      return value;
    },
    expect: (rows, _, bytes) => {
      if (rows * bytes > data.length - at) throw damaged(early);
    },
  };
}

function textNumbers(data: Uint8Array, damaged: Damaged): Numbers {
  const lines = textLines(data);
  let row: string[] = [];
  let at = 0;
  return {
    damaged,
    left: () => 0,
    next: () => {
      while (at >= row.length) {
        const { value, done } = lines.next();
        if (done) throw damaged(early);
        [row, at] = [words(value), 0];
      }
      return numberOf(row[at++]);
    },
    expect: (rows, numbers) => {
      // A number takes a digit and a blank.
      if (rows * numbers * 2 > data.length + 2) throw damaged(early);
    },
  };
}
