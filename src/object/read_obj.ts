import { LoadingManager, RepeatWrapping, Texture } from 'three';
import { MTLLoader } from 'three/addons/loaders/MTLLoader.js';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { type FilesBeside, noFilesBeside } from './files_beside';
import type { LoadedScene } from './flatten';
import { ObjectError } from './object_mesh';

/**
 * Reads an OBJ with vertex colours, or with the materials and textures beside it.
 * @param name for errors.
 * @throws ObjectError when it is no text, or names files that are not there.
 */
export async function readObj(
  bytes: Uint8Array,
  name: string,
  beside: FilesBeside = noFilesBeside,
): Promise<LoadedScene> {
  const text = textOf(bytes, name);
  const loader = new OBJLoader();
  const library = /^\s*mtllib\s+(.+?)\s*$/m.exec(text)?.[1];
  if (library) loader.setMaterials(await materials(library, name, beside));
  const textureFile = async ({ userData }: Texture) => ({
    name: `${userData.file}, a texture of ${name},`,
    bytes: await beside(userData.file),
  });
  return { root: loader.parse(text), textureFile };
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder().decode(bytes);
  } catch (error) {
    throw new ObjectError(
      `${name} is too long to be read as text (${(error as Error).message}).`,
      'Save it as GLB.',
    );
  }
}

async function materials(
  library: string,
  name: string,
  beside: FilesBeside,
): Promise<MTLLoader.MaterialCreator> {
  const manager = new LoadingManager();
  // A texture keeps the name of its file: three would ask for a browser's images, and Node has none.
  manager.addHandler(/./, { load: textureOf } as never);
  try {
    const text = new TextDecoder().decode(await beside(library));
    return new MTLLoader(manager).parse(text, '');
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    throw new ObjectError(
      `${name} names its materials in ${library}, which is missing.`,
      `Put it beside ${name}, or remove the line 'mtllib'.`,
    );
  }
}

function textureOf(file: string): Texture {
  const texture = new Texture();
  texture.wrapS = RepeatWrapping;
  texture.wrapT = RepeatWrapping;
  texture.userData = { file };
  return texture;
}
