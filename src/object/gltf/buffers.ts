import { MeshoptDecoder } from 'meshoptimizer/decoder';
import { findBeside, withoutPercents } from '../files_beside';
import { ObjectError } from '../object_mesh';
import type { Reading } from '../reading';
import { type Container, damaged } from './container';

/** The bytes that a glTF file's buffers and images name. */
export class Buffers {
  readonly #container: Container;
  readonly #reading: Reading;
  readonly #buffers = new Map<number, Promise<Uint8Array<ArrayBuffer>>>();

  constructor(container: Container, reading: Reading) {
    this.#container = container;
    this.#reading = reading;
  }

  /** A buffer view's bytes, uncompressed, in a buffer of their own. @throws ObjectError where they are missing or damaged. */
  async view(index: number): Promise<ArrayBuffer> {
    const view = this.#container.gltf.bufferViews[index]!;
    const packed =
      view.extensions?.EXT_meshopt_compression ?? view.extensions?.KHR_meshopt_compression;
    const { buffer, byteOffset, byteLength } = packed ?? view;
    const bytes = await this.#buffer(buffer);
    const part = bytes.slice(byteOffset, byteOffset + byteLength);
    if (!packed) return part.buffer;
    await MeshoptDecoder.ready;
    const { count, byteStride, mode, filter } = packed;
    const unpacked = new Uint8Array(count * byteStride);
    try {
      MeshoptDecoder.decodeGltfBuffer(unpacked, count, byteStride, part, mode, filter);
    } catch {
      throw damaged(this.#reading.name, `buffer view ${index} is damaged (meshopt)`);
    }
    return unpacked.buffer;
  }

  /** A file that a URI names; undefined where there is none. */
  async file(uri: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (/^data:/i.test(uri)) return dataOf(uri);
    const { beside } = this.#reading;
    const plain = withoutPercents(uri);
    return (
      (await findBeside(beside, plain)) ??
      (await findBeside(beside, uri)) ??
      findBeside(beside, plain.replace(/[?#].*$/, ''))
    );
  }

  #buffer(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const known = this.#buffers.get(index) ?? this.#load(index);
    this.#buffers.set(index, known);
    return known;
  }

  async #load(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const { gltf, binary } = this.#container;
    const { uri, byteLength } = gltf.buffers[index]!;
    const { name } = this.#reading;
    if (uri === undefined && index === 0 && binary) return whole(binary, byteLength, name);
    if (uri === undefined) throw damaged(name, `buffer ${index} has no bytes`);
    if (isRemote(uri)) throw notFetched(`${name} keeps its triangles at ${uri}`);
    const bytes = await this.file(uri);
    if (bytes) return whole(bytes, byteLength, name);
    const called = /^data:/i.test(uri)
      ? 'a data URI that is damaged'
      : `${withoutPercents(uri)}, which is missing`;
    throw new ObjectError(
      `${name} keeps its triangles in ${called}.`,
      'Put the file beside it, or save it as one GLB with everything in it.',
    );
  }
}

/** Whether a URI names a place on the network. */
export const isRemote = (uri: string): boolean =>
  /^(?!data:|file:|[a-z]:[\\/])[a-z][a-z0-9+.-]*:|^\/\//i.test(uri);

const notFetched = (what: string) =>
  new ObjectError(
    `${what}; nothing is fetched from the network.`,
    'Save it as one GLB with everything in it.',
  );

function whole(
  bytes: Uint8Array<ArrayBuffer>,
  wanted: number,
  name: string,
): Uint8Array<ArrayBuffer> {
  if (bytes.length >= wanted) return bytes;
  throw damaged(name, `a buffer should have ${wanted} bytes and has ${bytes.length}`);
}

/** The bytes of a data URI; undefined where they are none. */
function dataOf(uri: string): Uint8Array<ArrayBuffer> | undefined {
  const comma = uri.indexOf(',');
  if (comma < 0) return undefined;
  const body = uri.slice(comma + 1);
  if (!/;base64$/i.test(uri.slice(0, comma)))
    return new TextEncoder().encode(withoutPercents(body));
  try {
    return Uint8Array.from(atob(withoutPercents(body)), (c) => c.charCodeAt(0));
  } catch {
    return undefined;
  }
}
