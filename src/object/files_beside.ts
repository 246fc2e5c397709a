import { ObjectError } from './object_mesh';

/**
 * Brings the bytes of a file that an object names: a material library, a texture.
 * @param name as the object has it: relative to the object's own file.
 * @throws ObjectError (the promise's rejection) when there is no such file.
 */
export type FilesBeside = (name: string) => Promise<Uint8Array<ArrayBuffer>>;

/** For an object that comes alone. */
export const noFilesBeside: FilesBeside = async (name) => {
  throw new ObjectError(`${name} is missing.`, 'Save the object with everything in one file.');
};
