import { PNG } from 'pngjs';
import { decodeInNode } from '../../src/image/picture_node';
import { type ReadObject, type ReadOptions, readObject } from '../../src/object/read_object';
import { besideOf } from './case_files';

/** A GLB of any JSON and binary data. */
export function glbOf(json: object, bin: Uint8Array): Uint8Array {
  const text = Buffer.from(JSON.stringify(json));
  const padded = (bytes: Uint8Array, fill: number) =>
    Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3, fill)]);
  const chunk = (type: string, bytes: Buffer) => {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(bytes.length, 0);
    head.write(type, 4, 'latin1');
    return Buffer.concat([head, bytes]);
  };
  const chunks = Buffer.concat([chunk('JSON', padded(text, 32)), chunk('BIN\0', padded(bin, 0))]);
  const head = Buffer.alloc(12);
  head.write('glTF', 0, 'latin1');
  head.writeUInt32LE(2, 4);
  head.writeUInt32LE(12 + chunks.length, 8);
  return new Uint8Array(Buffer.concat([head, chunks]));
}

/** Reads an object whose files lie in memory, or are texts. */
export function read(
  name: string,
  content: Uint8Array | string,
  others: Readonly<Record<string, Uint8Array | string>> = {},
  options: ReadOptions = {},
): Promise<ReadObject> {
  const bytes = (file: Uint8Array | string) =>
    typeof file === 'string' ? new TextEncoder().encode(file) : new Uint8Array(file);
  const files = new Map(Object.entries(others).map(([path, file]) => [path, bytes(file)]));
  return readObject(bytes(content), name, besideOf(files), { platform: decodeInNode, ...options });
}

/** Two triangles of a square of side 4 around (5, 0, 1), and their texture coordinates. */
export const square = [3, -2, 1, 7, -2, 1, 7, 2, 1, 3, -2, 1, 7, 2, 1, 3, 2, 1];
export const squareUvs = [0, 1, 1, 1, 1, 0, 0, 1, 1, 0, 0, 0];

/** Numbers to four digits. */
export const rounded = (values: Iterable<number>) =>
  [...values].map((v) => Math.round(1e4 * v) / 1e4);

/** Positions f32, uvs f32, then a picture, one after another. */
export interface Content {
  readonly positions: readonly number[];
  readonly uvs?: readonly number[];
  readonly image?: Uint8Array;
  /** JSON over the default: a material, extensions, a node's place. */
  readonly json?: object;
}

/** The least and greatest coordinates, as glTF wants them; 0 for what JSON cannot hold. */
export function bounds(positions: readonly number[]) {
  const finite = positions.map((value) => (Number.isFinite(value) ? value : 0));
  const along = (axis: number) => finite.filter((_, i) => i % 3 === axis);
  return {
    min: [0, 1, 2].map((axis) => Math.min(...along(axis))),
    max: [0, 1, 2].map((axis) => Math.max(...along(axis))),
  };
}

/** One triangle list as a GLB. */
export function triangles({ positions, uvs = [], image, json = {} }: Content): Uint8Array {
  const numbers = Float32Array.from([...positions, ...uvs]);
  const bin = Buffer.concat([Buffer.from(numbers.buffer), image ?? Buffer.alloc(0)]);
  const count = positions.length / 3;
  const [bytes, uvBytes] = [4 * positions.length, 4 * uvs.length];
  const views = [
    { buffer: 0, byteOffset: 0, byteLength: bytes },
    ...(uvBytes > 0 ? [{ buffer: 0, byteOffset: bytes, byteLength: uvBytes }] : []),
    ...(image ? [{ buffer: 0, byteOffset: bytes + uvBytes, byteLength: image.length }] : []),
  ];
  return glbOf(
    {
      asset: { version: '2.0' },
      scene: 0,
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [
        {
          primitives: [
            {
              attributes: { POSITION: 0, ...(uvBytes > 0 ? { TEXCOORD_0: 1 } : {}) },
              ...(image ? { material: 0 } : {}),
            },
          ],
        },
      ],
      accessors: [
        { ...bounds(positions), bufferView: 0, componentType: 5126, count, type: 'VEC3' },
        ...(uvBytes > 0 ? [{ bufferView: 1, componentType: 5126, count, type: 'VEC2' }] : []),
      ],
      bufferViews: views,
      buffers: [{ byteLength: bin.length }],
      ...(image
        ? {
            materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }],
            textures: [{ source: 0, sampler: 0 }],
            samplers: [{ wrapS: 33071, wrapT: 33648 }],
            images: [{ bufferView: 2, mimeType: 'image/png' }],
          }
        : {}),
      ...json,
    },
    bin,
  );
}

/** A picture of one colour, 0 to 255, as a PNG file. */
export function pngOf(red: number, green: number, blue: number, size = 4): Uint8Array {
  const png = new PNG({ width: size, height: size });
  for (let i = 0; i < size * size; i++) png.data.set([red, green, blue, 255], 4 * i);
  return new Uint8Array(PNG.sync.write(png));
}
