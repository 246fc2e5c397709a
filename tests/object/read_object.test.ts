import { describe, expect, test } from 'vitest';
import { inWords } from '../../src/errors';
import { ObjectError } from '../../src/object/object_mesh';
import { pngOf, read, square, triangles } from './files';

describe('a file that will not do is refused with its name and a remedy:', () => {
  const whole = triangles({ positions: square });
  const of = (json: object, positions = square) => triangles({ positions, json });
  const cases: [string, string, Uint8Array, RegExp][] = [
    ['nothing in it', 'empty.glb', new Uint8Array(0), /empty.glb cannot be read as glTF/],
    [
      'a picture',
      'picture.glb',
      pngOf(1, 2, 3),
      /picture.glb is not a GLB.*[Ss]ave the object as GLB/,
    ],
    [
      'truncated',
      'short.glb',
      whole.subarray(0, whole.length - 20),
      /should have \d+ bytes and has/,
    ],
    ['cut in its header', 'head.glb', whole.subarray(0, 15), /ends within its header/],
    ['another version', 'old.glb', whole.map((b, i) => (i === 4 ? 1 : b)), /of glTF 1, not 2/],
    [
      'JSON that is none',
      'json.glb',
      whole.map((b, i) => (i === 20 ? 65 : b)),
      /cannot be read as glTF: its JSON is damaged/,
    ],
    [
      'lines',
      'lines.glb',
      of({ meshes: [{ primitives: [{ mode: 1, attributes: { POSITION: 0 } }] }] }),
      /no triangles/,
    ],
    ['no meshes', 'none.glb', of({ nodes: [{}], meshes: [] }), /no triangles: points and lines/],
    ['a ZIP', 'object.zip', Buffer.from('PK\x03\x04...'), /object.zip is a ZIP archive.*Unpack/],
    ['an FBX', 'object.fbx', Buffer.from('Kaydara FBX Binary'), /object.fbx is an FBX.*GLB/],
    ['something else', 'object.txt', Buffer.from('hello'), /none of GLB, glTF, OBJ, PLY and STL/],
    ['meshes that no node shows', 'hidden.glb', of({ nodes: [{}] }), /no triangles/],
    [
      'NaN',
      'nan.glb',
      of({}, [...square.slice(0, 17), Number.NaN]),
      /position that is NaN, in triangle 2/,
    ],
    [
      'infinity',
      'inf.glb',
      of({}, [Number.POSITIVE_INFINITY, ...square.slice(1)]),
      /position that is (NaN|Infinity), in triangle 1/,
    ],
    ['a single point', 'point.glb', of({}, Array(9).fill(1)), /single point/],
    [
      'ten million triangles',
      'huge.glb',
      of({ accessors: [{ bufferView: 0, componentType: 5126, count: 30_000_000, type: 'VEC3' }] }),
      /has 10,000,000 triangles; at most 4,000,000.*Simplify/,
    ],
    [
      'triangles elsewhere',
      'split.glb',
      of({ buffers: [{ uri: 'data.bin', byteLength: 72 }] }),
      /in data.bin.* save it as one GLB/,
    ],
  ];
  test.each(cases)('%s', async (_, name, content, message) => {
    const failure = await read(name, content).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(ObjectError);
    expect(inWords(failure)).toMatch(message);
    expect((failure as Error).message).toContain(name);
  });
});
