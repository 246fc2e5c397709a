import { basename, dirname, join } from 'node:path';
import { LoadingManager, RepeatWrapping, Texture } from 'three';
import { MTLLoader } from 'three/addons/loaders/MTLLoader.js';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import type { LoadedScene } from './flatten';
import { ObjectError } from './object_mesh';
import { readBytes } from './read_bytes';

/**
 * Reads an OBJ with vertex colours, or with the materials and textures beside it.
 * @throws ObjectError when it is no text, or names files that are not there.
 */
export function readObj(bytes: Uint8Array, path: string): LoadedScene {
  const name = basename(path);
  const text = textOf(bytes, name);
  const loader = new OBJLoader();
  const library = /^\s*mtllib\s+(.+?)\s*$/m.exec(text)?.[1];
  const folder = dirname(path);
  if (library) loader.setMaterials(materials(join(folder, library), name));
  const textureFile = ({ userData }: Texture) => ({
    name: `${userData.file}, a texture of ${name},`,
    bytes: readBytes(join(folder, userData.file)),
  });
  return { root: loader.parse(text), textureFile };
}

function textOf(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder().decode(bytes);
  } catch (error) {
    throw new ObjectError(
      `${name} is too long to be read as text (${(error as Error).message}): save it as GLB.`,
    );
  }
}

function materials(path: string, name: string): MTLLoader.MaterialCreator {
  const manager = new LoadingManager();
  // Node has no images: a texture keeps the name of its file.
  manager.addHandler(/./, { load: textureOf } as never);
  try {
    const text = new TextDecoder().decode(readBytes(path));
    return new MTLLoader(manager).parse(text, '');
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
    throw new ObjectError(
      `${name} names its materials in ${basename(path)}, which is missing: put it beside ${name}, or remove the line 'mtllib'.`,
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
