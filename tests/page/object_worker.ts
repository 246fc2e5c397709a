/** Reads an object and draws it, in a Worker: what object.test.ts compares with Node. */
import { readObject } from '../../src/object/read_object';
import { objectViews } from '../../src/object/views';
import { ringCameras } from '../../src/render/camera';

/** An object's file, and the files beside it by name. */
export interface ObjectFiles {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly others: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
}

/** Two views of an object of 32 pixels. */
export async function drawn({ name, bytes, others }: ObjectFiles): Promise<Float32Array> {
  const beside = async (file: string) => {
    const found = others[file];
    if (!found) throw new Error(`${file} is missing.`);
    return found;
  };
  const { mesh } = await readObject(bytes, name, beside);
  const cameras = ringCameras(2, { elevation: 20, distance: 3.07, fovy: 40 });
  return objectViews(mesh, cameras, 32);
}

if ('importScripts' in globalThis) {
  self.onmessage = async ({ data }: MessageEvent<ObjectFiles>) => {
    const answer = await drawn(data).catch((error: Error) => error.message);
    self.postMessage(answer);
  };
}
