import { join } from 'node:path';
import { encodePng } from '../image/png_node';
import type { WatchedRow, WatchedStep } from '../protocol/reports';
import { Output } from './output';

/** Writes what a step saw into a folder `watch/<step>` of a run's: a PNG a row, and a page that explains them. */
export async function writeWatched(output: Output, { step, rows }: WatchedStep): Promise<void> {
  const folder = await Output.open(join(output.folder, 'watch', String(step).padStart(6, '0')));
  for (const { id, image } of rows) await folder.write(`${id}.png`, await encodePng(image));
  await folder.write('index.html', page(step, rows));
}

const page = (step: number, rows: readonly WatchedRow[]) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Step ${step}</title>
<style>
body { font: 15px/1.4 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
figure { margin: 0 0 1.2rem }
img { width: 100%; image-rendering: pixelated; border: 1px solid #ccc }
code { font-weight: 600 }
</style>
<h1>What step ${step} saw</h1>
${rows.map(figure).join('\n')}
</html>
`;

function figure({ id, title, summary, range }: WatchedRow): string {
  const scale = range === null ? '' : `; grey is zero, white is ${Number(range.toPrecision(2))}`;
  return `<figure><figcaption><code>${title}</code> ${summary}${scale}</figcaption><img src="${id}.png" alt="${summary}"></figure>`;
}
