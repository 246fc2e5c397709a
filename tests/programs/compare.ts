import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PNG } from 'pngjs';
import { expect } from 'vitest';
import { colourDifference } from '../../src/image/metrics';
import type { Mesh } from '../../src/mesh/surface/extract';
import type { Camera } from '../../src/render/camera';
import { blender } from './programs';

/** A view by its number: f32 [4, size, size], premultiplied. */
export type Views = (view: number) => Float32Array | Promise<Float32Array>;

/** The box of some positions. */
export function boxOf(positions: Mesh['positions']): [number[], number[]] {
  const ends = (pick: (...values: number[]) => number) =>
    [0, 1, 2].map((axis) =>
      positions.reduce(
        (end, value, i) => (i % 3 === axis ? pick(end, value) : end),
        positions[axis]!,
      ),
    );
  return [ends(Math.min), ends(Math.max)];
}

/** Has Blender read files and render them beside them, see `blenderViews`. @param box in which the object lies. */
export async function renderInBlender(
  folder: string,
  files: readonly string[],
  box: [number[], number[]],
  { cameras, size }: { readonly cameras: readonly Camera[]; readonly size: number },
) {
  const job = join(folder, 'job.json');
  const own = cameras.map(({ c2w, fovy }) => ({ c2w: [...c2w], fovy }));
  await writeFile(job, JSON.stringify({ folder, files, box, cameras: own, size }));
  return blender(job);
}

/** What Blender rendered of a file. */
export const blenderViews =
  (path: string, size: number): Views =>
  async (view) => {
    const { data } = PNG.sync.read(await readFile(`${path}-blender-${view}.png`));
    const plane = size ** 2;
    return Float32Array.from({ length: 4 * plane }, (_, i) => {
      const [pixel, channel] = [i % plane, Math.floor(i / plane)];
      const alpha = data[4 * pixel + 3]! / 255;
      return channel === 3 ? alpha : (alpha * data[4 * pixel + channel]!) / 255;
    });
  };

/** Mean difference of colours where both are seen, of 255, over so many views. */
export async function meanDifference(view: Views, wanted: Views, views: number): Promise<number> {
  let [sum, count] = [0, 0];
  for (let i = 0; i < views; i++) {
    const found = colourDifference(await view(i), await wanted(i));
    sum += found.sum;
    count += found.count;
  }
  expect(count).toBeGreaterThan(1000);
  return sum / count;
}
