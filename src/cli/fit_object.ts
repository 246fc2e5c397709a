import { basename } from 'node:path';
import packageJson from '../../package.json';
import { Fit } from '../fit/fit';
import { KnownViews, turntableCameras } from '../fit/known_views';
import { type FitMetrics, fitMetrics } from '../fit/metrics';
import { adapterName, type Gpu } from '../gpu/device';
import type { Image } from '../image/image';
import { encodePng } from '../image/png_node';
import { stacked, viewsToImage } from '../image/strip';
import { exportMesh } from '../mesh/export';
import type { MeshExport } from '../mesh/field_mesh';
import type { NormalisedObject } from '../object/normalise';
import { objectViews } from '../object/views';
import { type FitOptions, recordedSettings } from './fit_options';
import { say, warnOfSaturations } from './machine';
import type { Output } from './output';
import { ProgressLine } from './progress_line';

const turntableViews = 8;

/** What a fit was made of and how near it came: its run.json. */
export type FitRecord = Awaited<ReturnType<typeof fitObject>>;

/** Fits a field to an object and writes its mesh, by the settings, turntable.png and run.json. */
export async function fitObject(
  gpu: Gpu,
  object: NormalisedObject,
  options: FitOptions,
  output: Output,
) {
  const { file, preset, settings, size } = options;
  const { mesh: original, centre, radius } = object;
  say(`${settings.prompt}: ${original.paintOf.length} triangles; ${adapterName(gpu.adapter)}`);
  const stopwatch = startStopwatch();
  const fit = new Fit(gpu, KnownViews.ofObject(gpu, original, size), settings);
  const losses = await descend(fit, settings.steps);
  const { saturations } = fit;
  warnOfSaturations(saturations);
  const mesh = await fit.mesh();
  const times = stopwatch();
  const exported = await fit.export(mesh, encodePng);
  for (const { name, bytes } of exported.files) await output.write(name, bytes);
  await output.write('turntable.png', await encodePng(await turntable(fit, object, size)));
  const textured = await texturedGlb(exported);
  const metrics = await fitMetrics(fit, original, mesh, textured && { textured });
  fit.dispose();
  const record = {
    limbeck: packageJson.version,
    adapter: gpu.adapter,
    node: process.version,
    object: { file: basename(file), triangles: original.paintOf.length, centre, radius },
    preset,
    size,
    settings: recordedSettings(settings),
    ...times,
    triangles: mesh.indices.length / 3,
    files: exported.files.map(({ name }) => name),
    metrics,
    saturations,
    losses,
  };
  await output.write('run.json', `${JSON.stringify(record, null, 1)}\n`);
  return record;
}

/** Starts to measure; the function that it returns says how long ago that was. */
function startStopwatch() {
  const started = { wall: performance.now(), processor: process.cpuUsage() };
  return () => {
    const { user, system } = process.cpuUsage(started.processor);
    return {
      /** From the known views to the mesh. */
      seconds: (performance.now() - started.wall) / 1000,
      /** The same of all cores together. */
      processorSeconds: (user + system) / 1e6,
    };
  };
}

/** All steps; returns their losses. */
async function descend(fit: Fit, steps: number): Promise<number[]> {
  const bar = new ProgressLine(process.stderr, steps);
  const losses: number[] = [];
  while (!fit.finished) {
    const { loss } = await fit.takeStep();
    losses.push(loss);
    bar.show(fit.step, `${(-10 * Math.log10(loss)).toFixed(1)} dB`);
  }
  return losses;
}

/** What was exported as a GLB, to be measured; undefined where it has no texture. */
async function texturedGlb({ mesh, texture }: MeshExport) {
  if (!texture) return undefined;
  const [glb] = await exportMesh(mesh, 'glb', { texture });
  return glb!.bytes;
}

/** The object above, the field below. */
async function turntable(fit: Fit, { mesh }: NormalisedObject, size: number): Promise<Image> {
  const cameras = turntableCameras(turntableViews);
  const strip = { count: turntableViews, size };
  const above = viewsToImage(objectViews(mesh, cameras, size), strip);
  const below = viewsToImage(await fit.views(cameras, size), strip);
  return stacked([above, below]);
}

/** How near a fit came, in a line. */
export function metricsLine(metrics: FitMetrics): string {
  const { psnr, silhouetteOverlap, colourDifference, texture } = metrics;
  return [
    `on unseen views: ${psnr.mean.toFixed(1)} dB (worst ${psnr.worst.toFixed(1)})`,
    `silhouettes overlap ${silhouetteOverlap.mean.toFixed(3)} (worst ${silhouetteOverlap.worst.toFixed(3)})`,
    `colours differ by ${colourDifference.toFixed(1)}/255`,
    ...(texture ? [`the texture's by ${texture.colourDifference.toFixed(1)}/255`] : []),
  ].join('; ');
}
