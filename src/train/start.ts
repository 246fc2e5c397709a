import { Fit, fitSettings } from '../fit/fit';
import { KnownViews } from '../fit/known_views';
import type { FieldGenerator, FieldGeneratorOptions } from '../generator/field';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { ObjectMesh } from '../object/object_mesh';
import type { Settings } from '../settings';

/** Steps in which a field becomes an object: half as many as the run's, within these. */
const steps = { least: 60, most: 300 };

/** Side of the object's views in pixels: finer ones show more than a prior draws. */
const viewSize = 64;

/**
 * Makes fields an object before a run's first step: it is fitted once, with the run's own field, and copied.
 * @param mesh in the unit sphere.
 * @param made how the fields' generators are made.
 */
export async function startFrom(
  gpu: Gpu,
  mesh: ObjectMesh,
  settings: Settings,
  fields: readonly FieldGenerator[],
  made: Pick<FieldGeneratorOptions, 'densityActivation' | 'adam'>,
): Promise<void> {
  const { prompt, seed, field } = settings;
  const { occupancyResolution, samplesPerRay } = settings.render;
  const half = Math.round(settings.steps / 2);
  const fitted = fitSettings({
    ...{ prompt, seed, field, render: { occupancyResolution, samplesPerRay } },
    steps: Math.min(Math.max(half, steps.least), steps.most),
  });
  const fit = new Fit(gpu, KnownViews.ofObject(gpu, mesh, viewSize), fitted, made);
  const readback = new Readback(gpu);
  try {
    while (!fit.finished) await fit.takeStep();
    const { field: begun, occupancy } = fit.generator;
    const [weights, cells] = [await begun.snapshot(readback), await occupancy.snapshot(readback)];
    for (const generator of fields) {
      generator.field.restore(weights);
      generator.occupancy.restore(cells);
    }
  } finally {
    readback.dispose();
    fit.dispose();
  }
}
