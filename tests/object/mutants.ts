import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { pngFile } from '../image/png_files';
import { caseFiles } from './case_files';
import { dracoSquare } from './draco';
import { bounds, glbOf, pngOf, square, squareUvs, triangles } from './files';

/** Files that belong together, the object's own first. */
export type Files = readonly (readonly [path: string, bytes: Uint8Array<ArrayBuffer>])[];

/** Formats that are mutated. */
export const fuzzedFormats = ['glb', 'gltf', 'obj', 'ply', 'stl'] as const;
export type FuzzedFormat = (typeof fuzzedFormats)[number];

/** A stream of numbers in [0, 1) that a seed gives (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Words that numbers in texts become. */
const oddWords = [
  '-1',
  '0',
  '1',
  '7',
  '65536',
  '4294967295',
  '1e30',
  '-1e308',
  'nan',
  '',
  '99999999999999999999',
  '0.5',
  '"',
];

/** Whole objects that are mutated. */
export async function originals(format: FuzzedFormat): Promise<readonly Files[]> {
  const texts = (entries: Readonly<Record<string, string | Uint8Array>>): Files =>
    Object.entries(entries).map(([path, content]) => [
      path,
      new Uint8Array(typeof content === 'string' ? Buffer.from(content) : content),
    ]);
  const ofCases = (ending: string): Files[] =>
    [...caseFiles].filter(([path]) => path.endsWith(ending)).map((file) => [file, ...caseFiles]);
  if (format === 'glb') {
    const image = pngFile({ width: 5, height: 4, type: 3, depth: 4, interlaced: true });
    const others = [
      triangles({ positions: square, uvs: squareUvs, image }),
      dracoSquare(),
      await meshoptSquare(),
    ];
    return [...ofCases('.glb'), ...others.map((glb): Files => [['a.glb', new Uint8Array(glb)]])];
  }
  if (format === 'gltf') {
    const glb = Buffer.from(
      triangles({ positions: square, uvs: squareUvs, image: pngOf(1, 2, 3) }),
    );
    const length = glb.readUInt32LE(12);
    const json = JSON.parse(glb.subarray(20, 20 + length).toString());
    const data = glb.subarray(28 + length);
    const uri = `data:application/octet-stream;base64,${data.toString('base64')}`;
    const [buffer] = json.buffers;
    return [
      texts({
        'a.gltf': JSON.stringify({ ...json, buffers: [{ ...buffer, uri: 'a.bin' }] }),
        'a.bin': data,
      }),
      texts({ 'a.gltf': JSON.stringify({ ...json, buffers: [{ ...buffer, uri }] }) }),
    ];
  }
  const plain = 'v 0 0 0\nv 1 0 0\nv 0 1 0\nv 0 0 1\nvt 0 0\nvt 1 1\n';
  if (format === 'obj') {
    return [
      ...ofCases('.obj'),
      texts({
        'a.obj': `mtllib a.mtl\n${plain}usemtl a\nf 1/1 2/2 3/1 4/2\nusemtl b\nf -1 -2 -3\n`,
        'a.mtl':
          'newmtl a\nKd 1 .5 0\nmap_Kd -s 2 2 2 a.png\nmap_d b.png\nnewmtl b\nKe 1 1 0\nd .9\n',
        'a.png': pngOf(9, 8, 7),
        'b.png': pngFile({ width: 3, height: 3, type: 0, depth: 8 }),
      }),
    ];
  }
  if (format === 'ply')
    return [false, true]
      .flatMap((coloured) => plyFiles(coloured))
      .map((ply): Files => [['a.ply', ply]]);
  const facet =
    'facet normal 0 0 1\nouter loop\nvertex 0 0 0\nvertex 1 0 0\nvertex 0 0 1e2\nendloop\nendfacet\n';
  const binary = Buffer.alloc(84 + 150, 7);
  binary.write('COLOR=', 0);
  binary.writeUInt32LE(3, 80);
  for (let i = 0; i < 36; i++)
    binary.writeFloatLE((i * 7) % 11, 84 + 50 * Math.floor(i / 12) + 4 * (i % 12));
  return [texts({ 'a.stl': `solid a\n${facet}${facet}endsolid a\n` }), texts({ 'a.stl': binary })];
}

/** A square as text and as binary in both orders of bytes. */
function plyFiles(coloured: boolean): Uint8Array<ArrayBuffer>[] {
  const colours = coloured ? ['red', 'green', 'blue'].map((name) => `property uchar ${name}`) : [];
  const header = (format: string) =>
    [
      'ply',
      `format ${format} 1.0`,
      'comment made for a test',
      'element vertex 4',
      ...['x', 'y', 'z'].map((name) => `property float ${name}`),
      ...colours,
      'element face 2',
      'property list uchar int vertex_indices',
      'end_header\n',
    ].join('\n');
  const places = [0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 1, 1];
  const rows = [0, 1, 2, 3].map((i) => [
    ...places.slice(3 * i, 3 * i + 3),
    ...(coloured ? [255, 60 * i, 0] : []),
  ]);
  const text = `${header('ascii')}${rows.map((row) => row.join(' ')).join('\n')}\n3 0 1 2\n4 0 1 2 3\n`;
  const binary = (little: boolean) => {
    const data = new DataView(new ArrayBuffer(4 * (12 + colours.length) + 13 + 17));
    let at = 0;
    for (const row of rows) {
      row.forEach((value, i) => {
        if (i < 3) data.setFloat32(at, value, little);
        else data.setUint8(at, value);
        at += i < 3 ? 4 : 1;
      });
    }
    for (const face of [
      [0, 1, 2],
      [0, 1, 2, 3],
    ]) {
      data.setUint8(at++, face.length);
      for (const vertex of face) {
        data.setInt32(at, vertex, little);
        at += 4;
      }
    }
    const name = little ? 'binary_little_endian' : 'binary_big_endian';
    return new Uint8Array(Buffer.concat([Buffer.from(header(name)), Buffer.from(data.buffer)]));
  };
  return [new Uint8Array(Buffer.from(text)), binary(true), binary(false)];
}

async function meshoptSquare(): Promise<Uint8Array> {
  await MeshoptEncoder.ready;
  const packed = MeshoptEncoder.encodeGltfBuffer(
    new Uint8Array(Float32Array.from(square).buffer),
    6,
    12,
    'ATTRIBUTES',
  );
  const extension = {
    buffer: 0,
    byteLength: packed.length,
    byteStride: 12,
    count: 6,
    mode: 'ATTRIBUTES',
  };
  return glbOf(
    {
      asset: { version: '2.0' },
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
      accessors: [
        { ...bounds(square), bufferView: 0, componentType: 5126, count: 6, type: 'VEC3' },
      ],
      bufferViews: [
        {
          buffer: 0,
          byteLength: 72,
          byteStride: 12,
          extensions: { EXT_meshopt_compression: extension },
        },
      ],
      buffers: [{ byteLength: packed.length }],
    },
    packed,
  );
}

/** A mutant: one of the originals, one of its files changed in one to four places. The same for the same number. */
export function mutant(from: readonly Files[], number: number): Files {
  const random = randomOf(number * 2654435761);
  const below = (count: number) => Math.floor(random() * count);
  const files = from[below(from.length)]!;
  // Mostly the object's own file; now and then one that it names.
  const own = files.length === 1 || random() < 0.8;
  const chosen = own ? 0 : 1 + below(files.length - 1);
  return files.map(([path, bytes], i) => {
    if (i !== chosen) return [path, bytes];
    let changed = bytes;
    for (let times = 1 + below(4); times > 0; times--) changed = changedOnce(changed, random);
    return [path, changed];
  });
}

function changedOnce(
  bytes: Uint8Array<ArrayBuffer>,
  random: () => number,
): Uint8Array<ArrayBuffer> {
  const below = (count: number) => Math.floor(random() * Math.max(count, 1));
  const at = below(bytes.length);
  const joined = (...parts: Uint8Array[]) => new Uint8Array(Buffer.concat(parts));
  switch (below(8)) {
    case 0:
      return bytes.map((byte, i) => (i === at ? byte ^ (1 << below(8)) : byte));
    case 1:
      return bytes.map((byte, i) => (i === at ? below(256) : byte));
    case 2:
      return bytes.slice(0, at);
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(at + 1 + below(8)));
    case 4:
      return joined(bytes.subarray(0, at), bytes.subarray(below(at), at), bytes.subarray(at));
    case 5: {
      const copy = bytes.slice();
      const [value, bits] = [[0, 1, 0x7fffffff, 0xffffffff, 0x7fc00000, 65536][below(6)]!, at];
      if (bits + 4 <= copy.length) new DataView(copy.buffer).setUint32(bits, value, random() < 0.5);
      return copy;
    }
    default:
      return withOddNumber(bytes, at, oddWords[below(oddWords.length)]!);
  }
}

/** The next number of a text from a place on becomes another one; a GLB's JSON keeps its length where it can. */
function withOddNumber(
  bytes: Uint8Array<ArrayBuffer>,
  from: number,
  word: string,
): Uint8Array<ArrayBuffer> {
  const text = Buffer.from(bytes).toString('latin1');
  const found = /-?\d+(\.\d+)?/.exec(text.slice(from));
  if (!found) return bytes;
  const start = from + found.index;
  const isGlb = text.startsWith('glTF');
  const fitted = isGlb ? word.slice(0, found[0].length).padEnd(found[0].length) : word;
  const changed = text.slice(0, start) + fitted + text.slice(start + found[0].length);
  return new Uint8Array(Buffer.from(changed, 'latin1'));
}
