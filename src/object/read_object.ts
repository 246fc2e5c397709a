import type { PlatformDecoder } from '../image/platform';
import { type FilesBeside, noFilesBeside } from './files_beside';
import { readGltf } from './gltf/read_gltf';
import { boundsOf, type NormalisedObject, normalise, standUp } from './normalise';
import { readObj } from './obj/read_obj';
import { ObjectError, type ObjectMesh } from './object_mesh';
import { readPly } from './ply/read_ply';
import { readStl } from './read_stl';
import type { Reader } from './reading';

/** Which axis of a file is up; `auto` follows what its format or its shape say. */
export const upAxes = ['auto', 'y', 'z'] as const;
export type UpAxis = (typeof upAxes)[number];

export interface ReadOptions {
  /** Default 'auto'. */
  readonly up?: UpAxis;
  /** Decodes WebP, AVIF, GIF and BMP. Default: the browser's decoders where there are any. */
  readonly platform?: PlatformDecoder | undefined;
}

/** An object and what is to be said about it, in whole sentences. */
export interface ReadObject extends NormalisedObject {
  readonly notes: readonly string[];
}

/** Formats that are read, in words. */
export const objectFormats = 'GLB, glTF, OBJ, PLY and STL';

const readers: Readonly<Record<string, Reader>> = {
  glb: readGltf,
  gltf: readGltf,
  obj: readObj,
  ply: readPly,
  stl: readStl,
};

/** Formats that people have and that are not read, by their first bytes. */
const foreign: readonly [start: string, what: string, remedy: string][] = [
  ['PK\x03\x04', 'a ZIP archive', 'Unpack it and give the object that is in it.'],
  ['Kaydara FBX', 'an FBX', 'Save it as GLB, with Blender for instance.'],
  ['BLENDER', "one of Blender's own files", 'Export it from Blender as GLB.'],
  ['PXR-USDC', 'a USD', 'Save it as GLB, with Blender for instance.'],
  ['#usda', 'a USD', 'Save it as GLB, with Blender for instance.'],
  ['DRACO', 'a bare Draco file', 'Save it as GLB.'],
  ['<!doctype html', 'a web page', 'Download the object itself.'],
  ['<html', 'a web page', 'Download the object itself.'],
  ['version https://git-lfs', 'a pointer of Git LFS', 'Fetch what it stands for: git lfs pull.'],
  ['\x1f\x8b', 'a gzip archive', 'Unpack it and give the object that is in it.'],
  ['<?xml', 'XML, such as COLLADA', 'Save it as GLB, with Blender for instance.'],
];

/** The reader that a file's first bytes ask for, else its name. */
function readerOf(bytes: Uint8Array, name: string): Reader {
  const start = String.fromCharCode(...bytes.subarray(0, 64)).replace(/^\xef\xbb\xbf/, '');
  if (start.startsWith('glTF')) return readGltf;
  if (/^ply[\r\n]/.test(start)) return readPly;
  const known = foreign.find(([signature]) =>
    start.toLowerCase().startsWith(signature.toLowerCase()),
  );
  if (known) throw new ObjectError(`${name} is ${known[1]}, which is not read here.`, known[2]);
  if (/^\s*\{/.test(start)) return readGltf;
  const ending = /\.(\w+)$/.exec(name)?.[1]?.toLowerCase() ?? '';
  const reader = readers[ending];
  if (reader && (ending !== 'glb' || bytes.length === 0)) return reader;
  // A name that was lost or lengthened on the way.
  if (/^solid\s/i.test(start)) return readStl;
  if (/^(v|o|g|mtllib)\s\S/m.test(start)) return readObj;
  throw new ObjectError(
    ending === 'glb'
      ? `${name} is not a GLB: it does not start with 'glTF'.`
      : `${name} is none of ${objectFormats}.`,
    'Save the object as GLB, one file with everything in it.',
  );
}

/**
 * Reads a GLB, a glTF, an OBJ, a PLY or an STL with the files that it names, its bounding box centred and its farthest
 * vertex at distance 1, y up. Works from bytes alone in a page, a Worker and Node, and gives the same mesh in all.
 * Nothing is ever fetched.
 * @param name of the file: its ending tells some formats, and errors say it.
 * @throws ObjectError for a file that is none of these, is damaged, or holds no usable triangles.
 */
export async function readObject(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  beside: FilesBeside = noFilesBeside,
  options: ReadOptions = {},
): Promise<ReadObject> {
  const { mesh, notes } = await readMesh(bytes, name, beside, options);
  return { ...normalise(mesh, name), notes };
}

/** Reads an object as {@link readObject} does, and leaves it where its file has it. */
export async function readMesh(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  beside: FilesBeside = noFilesBeside,
  { up = 'auto', platform }: ReadOptions = {},
): Promise<{ readonly mesh: ObjectMesh; readonly notes: readonly string[] }> {
  const notes = new Set<string>();
  const read = readerOf(bytes, name);
  const reading = { name, beside, platform, note: (text: string) => void notes.add(text) };
  const { mesh, zUp } = await read(bytes, reading);
  // glTF says which axis is up; of the others some programs have y, some z.
  const guess = zUp ?? (read === readGltf ? undefined : standsOnZ(mesh));
  if (up === 'auto' && guess) {
    notes.add(
      `The up axis of ${name} is taken to be z, ${guess}; if it lies on its side, it is y (--up y).`,
    );
  }
  const isZUp = up === 'z' || (up === 'auto' && guess !== undefined);
  return { mesh: isZUp ? standUp(mesh) : mesh, notes: [...notes] };
}

/** Differences of coordinates that count as none, as a share of the object's size. */
const alike = 0.01;

/** Why an object seems to stand along z: on the plane z = 0, centred along y, and no mere plate there. */
function standsOnZ(mesh: ObjectMesh): string | undefined {
  const { low, high } = boundsOf(mesh);
  const size = (axis: number) => high[axis]! - low[axis]!;
  const largest = Math.max(size(0), size(1), size(2));
  const isCentred = (axis: number) => Math.abs(low[axis]! + high[axis]!) < alike * largest;
  const stands = (axis: number) => Math.abs(low[axis]!) < alike * largest;
  const isTall = size(2) > largest / 2;
  return isTall && stands(2) && !stands(1) && isCentred(1) && isCentred(0)
    ? 'since it stands on the plane z = 0 and is centred there'
    : undefined;
}
