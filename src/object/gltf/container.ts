import * as v from 'valibot';
import { ObjectError } from '../object_mesh';
import { documentSchema, type Gltf } from './document';

/** A file's JSON, and the binary part of a GLB. */
export interface Container {
  readonly gltf: Gltf;
  readonly binary: Uint8Array<ArrayBuffer> | undefined;
}

/** A GLB's first bytes, and the types of its chunks. */
const magic = 0x46546c67;
const chunkTypes = { json: 0x4e4f534a, binary: 0x004e4942 };

const isGlb = (bytes: Uint8Array): boolean =>
  bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === magic;

/** What a file is refused with that does not follow glTF 2.0. */
export const damaged = (name: string, reason: string): ObjectError =>
  new ObjectError(
    `${name} cannot be read as glTF: ${reason}.`,
    'Save it anew, as GLB for instance.',
  );

/** Takes a GLB or the JSON of a glTF apart. @throws ObjectError for a file that is neither, or of another version. */
export function openContainer(bytes: Uint8Array<ArrayBuffer>, name: string): Container {
  const { json, binary } = isGlb(bytes)
    ? chunksOf(bytes, name)
    : { json: bytes, binary: undefined };
  let parsed: unknown;
  try {
    // Some programs fill a chunk's end with zeros, and write null for what there is not.
    const text = new TextDecoder().decode(json).replace(/\0+$/, '');
    parsed = JSON.parse(text, (_, value) => value ?? undefined);
  } catch {
    throw damaged(name, 'its JSON is damaged');
  }
  const { output, issues, success } = v.safeParse(documentSchema, parsed, { abortEarly: true });
  if (!success) {
    const [issue] = issues;
    throw damaged(name, `in its JSON, ${v.getDotPath(issue) ?? 'the whole'} is ${issue.received}`);
  }
  if (!/^2\./.test(output.asset.version)) {
    throw damaged(name, `it is of glTF ${output.asset.version}, not 2.0`);
  }
  return { gltf: output, binary };
}

function chunksOf(bytes: Uint8Array<ArrayBuffer>, name: string) {
  if (bytes.length < 20) throw damaged(name, 'it ends within its header');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [version, length] = [view.getUint32(4, true), view.getUint32(8, true)];
  if (version !== 2) throw damaged(name, `it is of glTF ${version}, not 2`);
  if (length > bytes.length) {
    throw damaged(name, `it should have ${length} bytes and has ${bytes.length}`);
  }
  let json: Uint8Array<ArrayBuffer> | undefined;
  let binary: Uint8Array<ArrayBuffer> | undefined;
  for (let at = 12; at + 8 <= length; ) {
    const [size, type] = [view.getUint32(at, true), view.getUint32(at + 4, true)];
    if (at + 8 + size > length) throw damaged(name, 'it ends within one of its chunks');
    const chunk = bytes.subarray(at + 8, at + 8 + size);
    if (type === chunkTypes.json) json ??= chunk;
    if (type === chunkTypes.binary) binary ??= chunk;
    // Chunks begin at multiples of four bytes; some programs forget to say so in their lengths.
    at += 8 + Math.ceil(size / 4) * 4;
  }
  if (!json) throw damaged(name, 'it has no JSON');
  return { json, binary };
}
