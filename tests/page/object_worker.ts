/** Reads dropped files and draws their object, in a Worker: what object.test.ts compares with Node. */
import { inWords } from '../../src/errors';
import { readDropped } from '../../src/object/dropped';
import type { ReadOptions } from '../../src/object/read_object';
import { objectViews } from '../../src/object/views';
import { ringCameras } from '../../src/render/camera';

/** Files that were dropped together, by their paths. */
export type DroppedBytes = Readonly<Record<string, Uint8Array<ArrayBuffer>>>;

/** An object's triangles, notes and two views of 32 pixels. */
export interface Drawn {
  readonly triangles: number;
  readonly notes: readonly string[];
  readonly views: readonly number[];
}

export async function drawn(files: DroppedBytes, options: ReadOptions = {}): Promise<Drawn> {
  const blobs = new Map(Object.entries(files).map(([path, bytes]) => [path, new Blob([bytes])]));
  const { mesh, notes } = await readDropped(blobs, options);
  const cameras = ringCameras(2, { elevation: 20, distance: 3.07, fovy: 40 });
  return { triangles: mesh.paintOf.length, notes, views: [...objectViews(mesh, cameras, 32)] };
}

if ('importScripts' in globalThis) {
  self.onmessage = async ({ data }: MessageEvent<DroppedBytes>) => {
    self.postMessage(await drawn(data).catch((error: unknown) => inWords(error)));
  };
}
