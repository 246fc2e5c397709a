import { type FilesBeside, noFilesBeside } from './files_beside';
import { flatten } from './flatten';
import { type NormalisedObject, normalise } from './normalise';
import { ObjectError } from './object_mesh';
import { readGlb } from './read_glb';
import { readObj } from './read_obj';

/** The first bytes of a GLB. */
const glbSignature = 'glTF';

/**
 * Reads a GLB or an OBJ with its materials and textures, its bounding box centred and its farthest
 * vertex at distance 1. Works in a page, a Worker and Node, and gives the same mesh in all.
 * @param name of the file: its ending tells an OBJ, and errors say it.
 * @throws ObjectError for a file that is neither, lacks one beside it, or holds no usable triangles.
 */
export async function readObject(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  beside: FilesBeside = noFilesBeside,
): Promise<NormalisedObject> {
  const isGlb = String.fromCharCode(...bytes.subarray(0, 4)) === glbSignature;
  if (!isGlb && !/\.obj$/i.test(name)) {
    throw new ObjectError(
      `${name} is not a GLB (it does not start with 'glTF') and not named .obj.`,
      'Save the object as GLB, one file with everything in it, or as OBJ.',
    );
  }
  const scene = await (isGlb ? readGlb : readObj)(bytes, name, beside);
  return normalise(await flatten(scene, name), name);
}
