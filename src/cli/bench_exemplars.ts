import { readFile } from 'node:fs/promises';
import { obeysColour } from '../eval/colours';
import { silhouetteOverlap } from '../image/metrics';
import { encodePng } from '../image/png_node';
import { viewsToImage } from '../image/strip';
import { viewAt } from '../image/views';
import type { ObjectMesh } from '../object/object_mesh';
import { objectViews } from '../object/views';
import { fileSource } from '../prior/exemplars/source';
import { orbitCamera } from '../render/camera';
import type { Engine } from '../train/engine';
import { objectFiles } from './bench_fits';
import { numberFlag, type Parsed } from './flags';
import { machineFlags, openEngine, parseMachine } from './machine';
import { filesBeside, readObjectFile } from './object_file';

const flags = {
  seed: { value: 'N', text: 'random seed of all samples (default: 0)' },
  ...machineFlags,
};

/** `bench exemplars`: what the prior makes of objects that it is shown. */
export const exemplarsBench = {
  about: [
    'Shows the prior objects, one after another, and draws each from other cameras: how far the silhouettes overlap',
    "with the object's own where it is shown nothing, one picture of the front, or the object itself; and whether the",
    'object is red where the prompt says so. The prompt is the name of the file.',
  ],
  subjects: 'FILE|FOLDER...',
  flags,
  run: measure,
};

/** Cameras that are not those of exemplars: by so many degrees from the front, and above the middle elevation. */
const aside = { azimuth: 35, elevation: 5 };

/** Side in pixels of the picture that stands for a person's. */
const pictureSize = 256;

interface Row {
  readonly prompt: string;
  /** Mean overlap of silhouettes over the views. */
  readonly none: number;
  readonly picture: number;
  readonly itself: number;
  readonly red: boolean;
}

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const seed = numberFlag(parsed, 'seed', 0, 0, 0xffffffff);
  const files = await objectFiles(parsed.subjects, 'exemplars');
  const engine = await openEngine(parseMachine(parsed));
  const print = (line: string) => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  const rows: Row[] = [];
  print('none   picture itself red');
  for (const [name, path] of files) {
    rows.push(await measured(engine, path, nounOf(name), seed));
    print(line(rows.at(-1)!));
  }
  const mean = (of: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + of(row), 0) / rows.length;
  const overlaps = {
    none: mean(({ none }) => none),
    picture: mean(({ picture }) => picture),
    itself: mean(({ itself }) => itself),
  };
  const red = mean((row) => Number(row.red));
  print(`${figures(overlaps)}  ${(100 * red).toFixed(0)} %  mean of ${rows.length}`);
  const record = { model: engine.manifest.id, seed, ...overlaps, red, rows };
  if (json) process.stdout.write(`${JSON.stringify(record, null, 1)}\n`);
  await engine.dispose();
}

const figures = ({ none, picture, itself }: Pick<Row, 'none' | 'picture' | 'itself'>): string =>
  [none, picture, itself].map((overlap) => overlap.toFixed(3)).join('  ');
const line = (row: Row): string => `${figures(row)}  ${row.red ? 'red ' : 'not '} ${row.prompt}`;

/** What a file is called, in words: `old-chair_12.glb` is an old chair. */
export function nounOf(name: string): string {
  const words = name.split(/[-_\s]+/).filter((word) => !/^[a-z]?\d+$/i.test(word));
  return words.length > 0 ? words.join(' ').toLowerCase() : name;
}

/** A noun with a word before it and an article. */
const phrase = (...words: string[]): string => {
  const said = words.join(' ');
  return `${/^[aeiou]/.test(said) ? 'an' : 'a'} ${said}`;
};

async function measured(engine: Engine, path: string, noun: string, seed: number): Promise<Row> {
  const { mesh } = await readObjectFile(path);
  const { exemplar, camera, resolution: size, views: count } = engine.manifest;
  const cameras = engine.samplingCameras.map((_, i) =>
    orbitCamera({
      ...camera,
      azimuth: aside.azimuth + camera.azimuth_offsets[i]!,
      elevation: (camera.elevation[0] + camera.elevation[1]) / 2 + aside.elevation,
    }),
  );
  const wanted = objectViews(mesh, cameras, size, exemplar?.light);
  const drawn = async (prompt: string, source: string) => {
    let views: Float32Array = new Float32Array();
    const options = { seed, cameras, exemplar: { source, strength: 1 } };
    for await (const estimate of engine.sample(prompt, options)) views = estimate.views;
    return views;
  };
  const overlap = (views: Float32Array) =>
    cameras.reduce(
      (sum, _, i) =>
        sum + silhouetteOverlap(viewAt(views, i, count), viewAt(wanted, i, count)) / count,
      0,
    );
  const object = { name: path, bytes: new Uint8Array(await readFile(path)) };
  await engine.exemplars.add({ ...object, beside: filesBeside(path) });
  const front = `${path}.png`;
  await engine.exemplars.add({ name: front, bytes: await pictureOf(mesh, engine) });
  const red = await drawn(phrase('red', noun), fileSource(path));
  return {
    prompt: phrase(noun),
    none: overlap(await drawn(phrase(noun), 'none')),
    picture: overlap(await drawn(phrase(noun), fileSource(front))),
    itself: overlap(await drawn(phrase(noun), fileSource(path))),
    red: obeysColour('red', { views: red, count, size }) === true,
  };
}

/** The front of an object as a person might show it: a picture without background. */
async function pictureOf(mesh: ObjectMesh, { manifest, samplingCameras }: Engine) {
  const views = objectViews(
    mesh,
    samplingCameras.slice(0, 1),
    pictureSize,
    manifest.exemplar?.light,
  );
  const image = viewsToImage(views, { count: 1, size: pictureSize, background: null });
  return new Uint8Array(await encodePng(image));
}
