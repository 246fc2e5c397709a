import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LimbeckError } from '../errors';
import type { Gpu } from '../gpu/device';
import { SettingsError } from '../settings';
import { type FitRecord, fitObject } from './fit_object';
import {
  type FitOptions,
  fitDefaults,
  fitEntries,
  fitFlags,
  fitOptions,
  objectName,
  recordedSettings,
  settingsOfRecord,
} from './fit_options';
import type { Flags, Parsed } from './flags';
import { say } from './machine';
import { openNodeGpu } from './node_gpu';
import { readObjectFile } from './object_file';
import { settingFlags } from './options';
import { Output } from './output';

const flags: Flags = {
  out: { value: 'DIR', text: 'folder for the results, one folder an object (default: out/fits)' },
  only: { value: 'NAMES', text: 'of these objects alone: names without extension, with commas' },
  ...fitFlags,
  ...settingFlags(fitEntries, fitDefaults),
};

/** `bench fits`: how near fields and their meshes come to objects whose right answer is known. */
export const fitsBench = {
  about: [
    'Fits a field to each object and prints how near it came on views that it never saw, as a row of a table.',
    'An object whose run.json, of the same settings, is in the folder of results is not fitted again.',
  ],
  subjects: 'FILE|FOLDER...',
  flags,
  run: measure,
};

async function measure(parsed: Parsed, json: boolean): Promise<void> {
  const files = chosen(await objectFiles(parsed.subjects, 'fits'), parsed.get('only'));
  const folder = parsed.get('out') ?? join('out', 'fits');
  const print = (line: string) => {
    if (!json) process.stdout.write(`${line}\n`);
  };
  let gpu: Gpu | undefined;
  const records: FitRecord[] = [];
  for (const line of header) print(line);
  for (const [name, file] of files) {
    const options = fitOptions(parsed, file);
    const output = await Output.open(join(folder, name));
    let record = await earlier(output, options);
    if (record) say(`${name}: fitted before, ${join(output.folder, 'run.json')}`);
    else {
      const object = await readObjectFile(file);
      gpu ??= await openNodeGpu(parsed.get('adapter') ?? '');
      record = await fitObject(gpu, object, options, output);
    }
    records.push(record);
    print(row(name, record));
  }
  if (!json) print(summary(records));
  else process.stdout.write(`${JSON.stringify(records.map(figures), null, 1)}\n`);
}

const figures = ({ losses: _, ...rest }: FitRecord) => rest;

/**
 * Files by the name of their object; folders stand for all that is in them.
 * @param bench the name of what asks for them.
 * @throws LimbeckError when there is none, or two have one name.
 */
export async function objectFiles(
  paths: readonly string[],
  bench: string,
): Promise<Map<string, string>> {
  if (paths.length === 0)
    throw new LimbeckError('There is no object.', `Name one: npm run bench -- ${bench} FILE...`);
  const files = new Map<string, string>();
  for (const file of (await Promise.all(paths.map(filesAt))).flat()) {
    const name = objectName(file);
    if (files.has(name)) {
      throw new LimbeckError(
        `Two objects are called '${name}', ${files.get(name)} and ${file}.`,
        'Rename one.',
      );
    }
    files.set(name, file);
  }
  return files;
}

async function filesAt(path: string): Promise<string[]> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!isFolder) return [path];
  const names = await readdir(path, { recursive: true });
  const files = names.filter((name) => /\.(glb|obj)$/i.test(name)).sort();
  if (files.length === 0)
    throw new LimbeckError(`${path} holds no GLB and no OBJ.`, 'Name a folder that does.');
  return files.map((name) => join(path, name));
}

/** @throws SettingsError naming an object that is not there. */
function chosen(files: Map<string, string>, only: string | undefined): [string, string][] {
  if (only === undefined) return [...files];
  return only.split(',').map((name) => {
    const file = files.get(name);
    if (file !== undefined) return [name, file];
    const known = [...files.keys()].slice(0, 10).join(', ');
    throw new SettingsError(
      `No object is called '${name}'.`,
      `There are ${known}${files.size > 10 ? ', …' : ''}.`,
    );
  });
}

/** The record of an earlier run with the same settings. */
async function earlier({ folder }: Output, options: FitOptions): Promise<FitRecord | undefined> {
  const text = await readFile(join(folder, 'run.json'), 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  // Files of version 0.1.0 call the metrics 'judgement'.
  const { judgement, ...found } = JSON.parse(text) as FitRecord & {
    judgement?: FitRecord['metrics'];
  };
  const record: FitRecord = judgement ? { ...found, metrics: judgement } : found;
  const wanted = recordedSettings(options.settings);
  const settings = settingsOfRecord(record.settings, options.settings.prompt);
  const same = record.size === options.size && JSON.stringify(settings) === JSON.stringify(wanted);
  return same ? record : undefined;
}

const columns = [
  'object',
  'PSNR mean, worst (dB)',
  'silhouette overlap mean, worst',
  'colours (of 255)',
  'texture (of 255)',
  'triangles of the mesh',
  'processor seconds',
  'seconds',
];

const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
const header = [line(columns), line(columns.map(() => '---'))];

function row(name: string, { metrics, triangles, processorSeconds, seconds }: FitRecord): string {
  const { psnr, silhouetteOverlap, colourDifference, texture } = metrics;
  return line([
    `\`${name}\``,
    `${psnr.mean.toFixed(1)}, ${psnr.worst.toFixed(1)}`,
    `${silhouetteOverlap.mean.toFixed(3)}, ${silhouetteOverlap.worst.toFixed(3)}`,
    colourDifference.toFixed(1),
    texture ? texture.colourDifference.toFixed(1) : '',
    triangles.toLocaleString('en'),
    processorSeconds.toFixed(0),
    seconds.toFixed(0),
  ]);
}

/** Means over all objects of what is a mean, the worst of what is a worst; of times and triangles the most. */
function summary(records: readonly FitRecord[]): string {
  const metrics = records.map((record) => record.metrics);
  const textures = metrics.flatMap(({ texture }) => texture ?? []);
  const most = (values: readonly number[]) => Math.max(...values);
  const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const spread = (key: 'psnr' | 'silhouetteOverlap', digits: number) =>
    [mean(metrics.map((of) => of[key].mean)), Math.min(...metrics.map((of) => of[key].worst))]
      .map((value) => value.toFixed(digits))
      .join(', ');
  const differences = (of: readonly { readonly colourDifference: number }[]) =>
    of.map(({ colourDifference }) => colourDifference);
  return line([
    `all ${records.length}`,
    spread('psnr', 1),
    spread('silhouetteOverlap', 3),
    `most ${most(differences(metrics)).toFixed(1)}`,
    textures.length > 0 ? `most ${most(differences(textures)).toFixed(1)}` : '',
    `most ${most(records.map(({ triangles }) => triangles)).toLocaleString('en')}`,
    `most ${most(records.map((record) => record.processorSeconds)).toFixed(0)}`,
    `most ${most(records.map((record) => record.seconds)).toFixed(0)}`,
  ]);
}
