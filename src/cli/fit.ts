import { basename } from 'node:path';
import packageJson from '../../package.json';
import { Fit, fitSettings, knownSize } from '../fit/fit';
import { type Judgement, judge } from '../fit/judge';
import { KnownViews, turntableCameras, viewsOf } from '../fit/known_views';
import { ObjectError } from '../fit/object_mesh';
import { type NormalisedObject, readObject } from '../fit/read_object';
import { adapterName, type Gpu } from '../gpu/device';
import { exportMesh } from '../mesh/export';
import { type Image, viewsToImage } from '../mesh/png';
import { encodePng } from '../mesh/png_node';
import { presetOf, presets, type Settings, settingEntries } from '../settings';
import { type Flags, helpRow, helpRows, numberFlag, parseFlags } from './flags';
import { machineFlags, say, warnOfSaturations } from './machine';
import { openNodeGpu } from './node_gpu';
import { givenSettings, settingRows } from './options';
import { Output } from './output';
import { ProgressBar } from './progress';

const turntableViews = 8;

const flags: Flags = {
  out: { value: 'DIR', text: 'folder for the results, made if missing (default: out)' },
  size: {
    value: 'N',
    text: 'side of the views that the field is fitted to (default: 128 pixels, 512 with --preset high)',
  },
  preset: { value: 'NAME', text: `settings to start from: ${Object.keys(presets).join(', ')}` },
  adapter: machineFlags.adapter!,
};

/** Settings that a fit depends on; the others are about the prior, or about other formats. */
const settingFlags = settingEntries(fitSettings({ prompt: 'an object' })).filter(([name]) =>
  /^(seed|steps|field\..*|render\.(samples|size|occ).*|optim\..*Rate|mesh\.(res|smooth|tri).*)$/.test(
    name,
  ),
);

/** `fit`: a field fitted to an object from known cameras, and how near it came. */
export async function fit(args: readonly string[]): Promise<void> {
  const names = [...Object.keys(flags), ...settingFlags.map(([name]) => name)];
  const parsed = parseFlags(args, names, 'object');
  if (parsed.help) {
    process.stdout.write(`${helpText()}\n`);
    return;
  }
  if (!parsed.prompt) {
    throw new ObjectError('There is no object: npm run fit -- OBJECT.glb --out DIR.');
  }
  const file = parsed.prompt;
  const preset = parsed.get('preset') ?? 'default';
  const prompt = basename(file).replace(/\.\w+$/, '');
  const given = givenSettings(parsed, settingFlags);
  const settings = fitSettings(presetOf(preset), given, { prompt });
  const size = Math.round(numberFlag(parsed, 'size', knownSize(settings), 16, 65536));
  const output = await Output.open(parsed.get('out') ?? 'out');
  const object = await readObject(file);
  const gpu = await openNodeGpu(parsed.get('adapter') ?? '');
  say(`${prompt}: ${object.mesh.paintOf.length} triangles; ${adapterName(gpu.adapter)}`);
  await fitObject(gpu, object, { file, preset, settings, size, output });
}

interface Task {
  readonly file: string;
  readonly preset: string;
  readonly settings: Settings;
  readonly size: number;
  readonly output: Output;
}

async function fitObject(gpu: Gpu, object: NormalisedObject, task: Task): Promise<void> {
  const { settings, size, output } = task;
  const started = performance.now();
  const fitted = new Fit(gpu, KnownViews.ofObject(gpu, object.mesh, size), settings);
  const losses = await descend(fitted, settings.steps);
  const times = {
    seconds: (performance.now() - started) / 1000,
    processorSeconds: process.cpuUsage().user / 1e6,
  };
  warnOfSaturations(fitted.saturations);
  await output.write('turntable.png', await encodePng(await turntable(fitted, object, size)));
  const mesh = await fitted.mesh();
  const [glb] = await exportMesh(mesh, 'glb', { prompt: settings.prompt });
  await output.write('mesh.glb', glb!.bytes);
  const judgement = await judge(fitted, object.mesh, mesh);
  const results = { judgement, saturations: fitted.saturations, losses };
  await output.write('run.json', runJson(gpu, object, task, { ...times, ...results }));
  say(words(judgement));
  say(`mesh.glb, turntable.png and run.json are in ${output.folder}`);
  fitted.dispose();
}

/** All steps; returns their losses. */
async function descend(fitted: Fit, steps: number): Promise<number[]> {
  const bar = new ProgressBar(process.stderr, steps);
  const losses: number[] = [];
  while (!fitted.finished) {
    const { loss } = await fitted.takeStep();
    losses.push(loss);
    bar.show(fitted.step, `${(-10 * Math.log10(loss)).toFixed(1)} dB`);
  }
  return losses;
}

/** The object above, the field below. */
async function turntable(fitted: Fit, { mesh }: NormalisedObject, size: number): Promise<Image> {
  const cameras = turntableCameras(turntableViews);
  const strip = { count: turntableViews, size };
  const above = viewsToImage(viewsOf(mesh, cameras, size), strip);
  const below = viewsToImage(await fitted.views(cameras, size), strip);
  const data = new Uint8ClampedArray(above.data.length + below.data.length);
  data.set(above.data);
  data.set(below.data, above.data.length);
  return { data, width: above.width, height: above.height + below.height };
}

function words({ psnr, silhouetteOverlap, colourDifference }: Judgement): string {
  return [
    `on unseen views: ${psnr.mean.toFixed(1)} dB (worst ${psnr.worst.toFixed(1)})`,
    `silhouettes overlap ${silhouetteOverlap.mean.toFixed(3)} (worst ${silhouetteOverlap.worst.toFixed(3)})`,
    `colours differ by ${colourDifference.toFixed(1)}/255`,
  ].join('; ');
}

function runJson(
  gpu: Gpu,
  { mesh, centre, radius }: NormalisedObject,
  { file, preset, settings, size }: Task,
  measured: {
    readonly judgement: Judgement;
    readonly saturations: number;
    readonly losses: readonly number[];
  },
): string {
  const { seed, steps, field, render, optim, mesh: meshSettings } = settings;
  const record = {
    limbeck: packageJson.version,
    adapter: gpu.adapter,
    node: process.version,
    object: { file: basename(file), triangles: mesh.paintOf.length, centre, radius },
    preset,
    size,
    settings: { seed, steps, field, render, optim, mesh: meshSettings },
    ...measured,
  };
  return `${JSON.stringify(record, null, 1)}\n`;
}

/** The text of `fit --help`. */
function helpText(): string {
  return [
    'Fits a radiance field to an object (GLB or OBJ, with vertex colours or textures) from known cameras.',
    '',
    'Usage: npm run fit -- OBJECT.glb [--size 128] [--steps 1500] [--seed 0] [--out DIR]',
    '',
    'Writes mesh.glb, turntable.png (the object above, the field below) and run.json.',
    '',
    'Options',
    ...helpRows(flags),
    helpRow('--help', 'this text'),
    '',
    'Settings, with their defaults; a schedule is [start,v0,v1,end], start and end as shares of the run',
    ...settingRows(settingFlags),
  ].join('\n');
}
