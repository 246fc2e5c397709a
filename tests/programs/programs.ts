import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

type Vector = readonly [number, number, number];

/** What a program says of a file. What it does not say is left out. */
export interface Seen {
  readonly box: readonly [low: Vector, high: Vector];
  readonly triangles: number;
  readonly unit?: string;
  /** The axis that the program says is up. */
  readonly up?: string;
}

interface Report<S extends Seen> {
  readonly version: string;
  readonly files: Readonly<Record<string, S>>;
}

const call = promisify(execFile);

/** Standard output of a program. @throws Error with what it wrote, if it fails. */
async function outputOf(program: string, ...args: string[]): Promise<string> {
  const { stdout } = await call(program, args, { maxBuffer: 2 ** 27 });
  return stdout;
}

/** The Python that has the programs' packages. */
const python = () => process.env.LIMBECK_PROGRAMS_PYTHON ?? 'python3';

async function pythonReport<S extends Seen>(script: string, ...args: string[]): Promise<Report<S>> {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const lines = (await outputOf(python(), path, ...args)).split('\n');
  // Blender itself prints, too.
  return JSON.parse(lines.find((line) => line.startsWith('{"version"')) ?? 'null');
}

/** Blender; it also renders: see blender.py. */
export const blender = (job: string) =>
  pythonReport<Seen & { colours: string[]; images: [number, number][] }>('blender.py', job);

export const trimesh = (paths: readonly string[]) =>
  pythonReport<Seen & { colours: string[]; closed: boolean }>('trimesh_report.py', ...paths);

export const usd = (paths: readonly string[]) =>
  pythonReport<Seen & { colours: string[]; faults: string[] }>('usd_report.py', ...paths);

const numbers = (text: string) => (text.match(/-?[\d.]+(?:e-?\d+)?/g) ?? []).map(Number);
const vector = (text: string | undefined) => numbers(text ?? '') as unknown as Vector;

export async function assimp(path: string): Promise<Seen & { version: string }> {
  const text = await outputOf('assimp', 'info', path);
  const after = (label: string) => new RegExp(`^${label}\\s*(.*)$`, 'm').exec(text)?.[1];
  const about = await outputOf('assimp', 'version');
  return {
    version: /Version (\d+\.\d+)/.exec(about)?.[1] ?? '',
    box: [vector(after('Minimum point')), vector(after('Maximum point'))],
    triangles: Number(after('Faces:')),
  };
}

export async function prusaSlicer(
  path: string,
): Promise<Seen & { version: string; closed: boolean; volume: number }> {
  const text = await outputOf('prusa-slicer', '--info', path);
  const value = (key: string) => new RegExp(`^${key} = (.*)$`, 'm').exec(text)?.[1] ?? '';
  const axes = (end: string) => ['x', 'y', 'z'].map((axis) => Number(value(`${end}_${axis}`)));
  const help = await outputOf('prusa-slicer', '--help');
  return {
    version: /PrusaSlicer-(\d+\.\d+\.\d+)/.exec(help)?.[1] ?? '',
    box: [axes('min'), axes('max')] as unknown as Seen['box'],
    triangles: Number(value('number_of_facets')),
    unit: 'millimeter',
    closed: value('manifold') === 'yes',
    volume: Number(value('volume')),
  };
}

/** The height of the last layer that PrusaSlicer prints, in millimetres, and the number of its layers. */
export async function slice(path: string, gcode: string): Promise<string> {
  await outputOf('prusa-slicer', '--export-gcode', '--layer-height', '0.2', '-o', gcode, path);
  return gcode;
}
