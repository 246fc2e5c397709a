import { LimbeckError } from '../errors';
import { arrayTypes, type Dtype, dtypeOf, type Snapshot } from '../gpu/snapshot';

/**
 * The safetensors format (https://huggingface.co/docs/safetensors): u64 header length, a JSON header
 * { name: { dtype, shape, data_offsets }, __metadata__: { key: string } }, then the tensors' bytes,
 * little-endian, without gaps. Reads and writes memory alone.
 */

export interface Checkpoint {
  readonly tensors: Snapshot;
  readonly metadata: Readonly<Record<string, string>>;
}

/** Thrown for bytes that are no checkpoint, or not the one asked for. */
export class CheckpointError extends LimbeckError {
  override readonly name = 'CheckpointError';
}

interface TensorEntry {
  readonly dtype: Dtype;
  readonly data_offsets: readonly [number, number];
}

const metadataKey = '__metadata__';
const lengthBytes = 8;
/** The reference implementation's limit on the header. */
const longestHeader = 100_000_000;

/**
 * A checkpoint as bytes: every tensor as a vector, names sorted, so that equal checkpoints are equal
 * files.
 * @throws CheckpointError naming a tensor that cannot be stored.
 */
export function writeCheckpoint(
  tensors: Snapshot,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const sorted = Object.entries(tensors).sort(byName);
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) {
    header.push([metadataKey, Object.fromEntries(Object.entries(metadata).sort(byName))]);
  }
  let end = 0;
  for (const [name, data] of sorted) {
    if (name === metadataKey) fail(`'${name}' cannot name a tensor.`);
    const begin = end;
    end += data.byteLength;
    const dtype = dtypeOf(data);
    if (!dtype) fail(`'${name}', a ${(data as object).constructor.name}, cannot be stored.`);
    const entry = { dtype, shape: [data.length], data_offsets: [begin, end] };
    header.push([name, entry]);
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Data starts at a multiple of 8 bytes; the format pads the header with spaces.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(lengthBytes + headerBytes + end).fill(0x20, lengthBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerBytes), true);
  bytes.set(json, lengthBytes);
  let at = lengthBytes + headerBytes;
  for (const [, data] of sorted) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads a checkpoint; the tensors are copies.
 * @throws CheckpointError saying what is wrong with the bytes.
 */
export function readCheckpoint(bytes: Uint8Array): Checkpoint {
  const start = headerEnd(bytes);
  const { [metadataKey]: metadata = {}, ...rest } = parseHeader(bytes.subarray(lengthBytes, start));
  if (!isRecord(metadata) || Object.values(metadata).some((value) => typeof value !== 'string')) {
    fail(`Its ${metadataKey} must map names to strings.`);
  }
  const entries = Object.entries(rest).map(([name, entry]) => [name, check(name, entry)] as const);
  checkLayout(entries, bytes.length - start);
  const tensors = entries.map(
    ([
      name,
      {
        dtype,
        data_offsets: [begin, end],
      },
    ]) => {
      // A copy, aligned and of its own buffer; the `slice` of Node's Buffer would be neither.
      const data = new Uint8Array(bytes.subarray(start + begin, start + end));
      return [name, new arrayTypes[dtype](data.buffer)] as const;
    },
  );
  return { tensors: Object.fromEntries(tensors), metadata: metadata as Record<string, string> };
}

function headerEnd(bytes: Uint8Array): number {
  if (bytes.length < lengthBytes) fail('It is shorter than its header: the file is truncated.');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > longestHeader) fail(`Its header would have ${length} bytes: no safetensors file.`);
  const end = lengthBytes + Number(length);
  if (end > bytes.length) fail('It ends within its header: the file is truncated.');
  return end;
}

function parseHeader(bytes: Uint8Array): Record<string, unknown> {
  try {
    const header: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (isRecord(header)) return header;
  } catch (error) {
    fail('Its header is no JSON: no safetensors file.', error);
  }
  return fail('Its header is no JSON object.');
}

function check(name: string, entry: unknown): TensorEntry {
  if (!isRecord(entry)) return fail(`Tensor '${name}' has no description.`);
  const { dtype, shape, data_offsets } = entry;
  if (typeof dtype !== 'string' || !Object.hasOwn(arrayTypes, dtype)) {
    return fail(
      `Tensor '${name}' is ${dtype}: only ${Object.keys(arrayTypes).join(', ')} are read.`,
    );
  }
  if (!isSizes(shape)) return fail(`Tensor '${name}' has the shape ${JSON.stringify(shape)}.`);
  if (!isSizes(data_offsets) || data_offsets.length !== 2) {
    return fail(`Tensor '${name}' lies at ${JSON.stringify(data_offsets)}.`);
  }
  const [begin, end] = data_offsets as [number, number];
  const needed = elements(shape) * arrayTypes[dtype as Dtype].BYTES_PER_ELEMENT;
  if (end - begin !== needed) {
    return fail(
      `Tensor '${name}' of ${dtype} [${shape}] needs ${needed} bytes, not ${end - begin}.`,
    );
  }
  return { dtype: dtype as Dtype, data_offsets: [begin, end] };
}

/** Tensors follow one another without gap or overlap up to the end of the file. */
function checkLayout(entries: readonly (readonly [string, TensorEntry])[], bytes: number): void {
  const inOrder = entries.toSorted(
    ([, { data_offsets: a }], [, { data_offsets: b }]) => a[0] - b[0] || a[1] - b[1],
  );
  let end = 0;
  for (const [name, { data_offsets }] of inOrder) {
    if (data_offsets[0] < end) fail(`Tensor '${name}' overlaps another.`);
    if (data_offsets[0] > end) fail(`There is a gap before tensor '${name}'.`);
    end = data_offsets[1];
  }
  if (end > bytes)
    fail(`Its tensors need ${end} bytes, but ${bytes} follow: the file is truncated.`);
  if (end < bytes) fail(`${bytes - end} bytes follow its tensors.`);
}

const byName = ([a]: readonly [string, unknown], [b]: readonly [string, unknown]) =>
  a < b ? -1 : 1;

const elements = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isSizes = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);

function fail(reason: string, cause?: unknown): never {
  throw new CheckpointError(
    `This checkpoint cannot be used. ${reason}`,
    'Give another one, or start anew.',
    { cause },
  );
}
