import type { PlatformDecoder } from '../image/platform';
import type { FilesBeside } from './files_beside';
import type { ObjectMesh } from './object_mesh';

/** What a reader of a format is given. */
export interface Reading {
  /** The file's name, for errors and notes. */
  readonly name: string;
  readonly beside: FilesBeside;
  readonly platform: PlatformDecoder | undefined;
  /** Says what was not as it should be and could be done without. */
  note(text: string): void;
}

/** An object as its file has it. */
export interface FileMesh {
  readonly mesh: ObjectMesh;
  /** Why its up axis is taken to be z, as the end of "up is z, "; undefined for y. */
  readonly zUp?: string | undefined;
}

/** A reader of a format. @throws ObjectError for a file that will not do. */
export type Reader = (bytes: Uint8Array<ArrayBuffer>, reading: Reading) => Promise<FileMesh>;
