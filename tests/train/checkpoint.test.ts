import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Snapshot } from '../../src/gpu/snapshot';
import { readCheckpoint, writeCheckpoint } from '../../src/train/checkpoint';

const tensors: Snapshot = {
  weights: Float32Array.of(1.5, -0, Number.NaN, Number.POSITIVE_INFINITY),
  counts: Int32Array.of(-7, 2 ** 31 - 1),
  bits: Uint32Array.of(4294967295),
  bytes: Uint8Array.of(1, 2, 3),
  none: new Float32Array(0),
};

/** A file of a given header and data. */
function file(header: unknown, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  const json = new TextEncoder().encode(
    typeof header === 'string' ? header : JSON.stringify(header),
  );
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}
const f32 = (begin: number, end: number, shape = [(end - begin) / 4]) => ({
  dtype: 'F32',
  shape,
  data_offsets: [begin, end],
});

test('reads what it wrote: every type, odd lengths, no elements, metadata', () => {
  const metadata = { step: '12', prompt: 'a “blue” cup\n' };
  const read = readCheckpoint(writeCheckpoint(tensors, metadata));
  expect(read.tensors).toEqual(tensors);
  expect(read.metadata).toEqual(metadata);
});

test("reads Node's Buffer, whose slice shares memory", () => {
  expect(readCheckpoint(Buffer.from(writeCheckpoint(tensors))).tensors).toEqual(tensors);
});

test('reads a file that does not start at the start of its buffer', () => {
  const bytes = writeCheckpoint(tensors);
  const shifted = new Uint8Array(bytes.length + 3);
  shifted.set(bytes, 3);
  expect(readCheckpoint(shifted.subarray(3)).tensors).toEqual(tensors);
});

test('any tensors and metadata survive', () => {
  const data = fc.oneof(
    fc.float32Array({ maxLength: 9 }),
    fc.int32Array({ maxLength: 9 }),
    fc.uint32Array({ maxLength: 9 }),
    fc.uint8Array({ maxLength: 9 }),
  );
  const name = fc.string({ unit: 'grapheme' }).filter((text) => text !== '__metadata__');
  fc.assert(
    fc.property(fc.dictionary(name, data), fc.dictionary(fc.string(), fc.string()), (t, m) => {
      const read = readCheckpoint(writeCheckpoint(t as Snapshot, m));
      expect(Object.entries(read.tensors).sort()).toEqual(Object.entries(t).sort());
      expect(Object.entries(read.metadata).sort()).toEqual(Object.entries(m).sort());
    }),
    { numRuns: 200 },
  );
});

test('the order of names does not matter to the bytes, and data is aligned', () => {
  const reversed = Object.fromEntries(Object.entries(tensors).reverse());
  const bytes = writeCheckpoint(tensors, { a: '1', b: '2' });
  expect(writeCheckpoint(reversed, { b: '2', a: '1' })).toEqual(bytes);
  expect(new DataView(bytes.buffer).getUint32(0, true) % 8).toBe(0);
});

test('is laid out as the format says', () => {
  const bytes = writeCheckpoint({ x: Float32Array.of(1) });
  const header = '{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}';
  const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
  expect(bytes).toEqual(file(padded, Uint8Array.of(0, 0, 0x80, 0x3f)));
});

test('reads tensors of any shape, stored in any order, scalars too', () => {
  const data = new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6, 7).buffer);
  const read = readCheckpoint(file({ b: f32(4, 28, [2, 3]), a: f32(0, 4, []) }, data));
  expect(read.tensors).toEqual({ a: Float32Array.of(1), b: Float32Array.of(2, 3, 4, 5, 6, 7) });
});

test.each([
  ['an empty file', new Uint8Array(0), /truncated/],
  ['a header cut off', writeCheckpoint(tensors).subarray(0, 40), /ends within its header/],
  ['data cut off', writeCheckpoint(tensors).subarray(0, -1), /need \d+ bytes, but \d+ follow/],
  ['bytes at the end', file({ a: f32(0, 4) }, new Uint8Array(5)), /1 bytes follow/],
  ['another format', new TextEncoder().encode('not a checkpoint'), /no safetensors file/],
  ['a header that is no JSON', file('{"a":'), /no JSON/],
  ['a header that is a list', file([]), /no JSON object/],
  ['numbers in the metadata', file({ __metadata__: { step: 3 } }), /names to strings/],
  ['half floats', file({ a: { ...f32(0, 4), dtype: 'F16' } }, new Uint8Array(4)), /'a' is F16/],
  ['a tensor without type', file({ a: { shape: [], data_offsets: [0, 0] } }), /'a' is undefined/],
  ['a tensor that is null', file({ a: null }), /'a' has no description/],
  ['a negative size', file({ a: f32(0, 4, [-1, -1]) }, new Uint8Array(4)), /shape \[-1,-1\]/],
  ['one offset', file({ a: { ...f32(0, 0), data_offsets: [0] } }), /lies at \[0\]/],
  [
    'bytes that do not fit the shape',
    file({ a: f32(0, 4, [2]) }, new Uint8Array(4)),
    /needs 8 bytes/,
  ],
  ['overlap', file({ a: f32(0, 8), b: f32(4, 12) }, new Uint8Array(12)), /'b' overlaps/],
  ['a gap', file({ a: f32(0, 4), b: f32(8, 12) }, new Uint8Array(12)), /gap before tensor 'b'/],
])('refuses %s', (_, bytes, message) => {
  expect(() => readCheckpoint(bytes)).toThrow(message);
  expect(() => readCheckpoint(bytes)).toThrow(/checkpoint cannot be used/);
});

test('refuses to write what the format has no place for', () => {
  expect(() => writeCheckpoint({ __metadata__: new Float32Array(1) })).toThrow(/cannot name/);
  const doubles = { a: new Float64Array(1) } as unknown as Snapshot;
  expect(() => writeCheckpoint(doubles)).toThrow(/'a', a Float64Array, cannot be stored/);
});
