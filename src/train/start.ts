import { Fit, fitSettings, knownSize } from '../fit/fit';
import { KnownViews } from '../fit/known_views';
import type { FieldGenerator, FieldGeneratorOptions } from '../generator/field';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { ObjectMesh } from '../object/object_mesh';
import type { Settings } from '../settings';

/** Steps in which a field becomes an object; more bring details that the first steps of a run undo. */
const steps = 300;

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
  const { occupancyResolution } = settings.render;
  const fitted = fitSettings({ prompt, seed, steps, field, render: { occupancyResolution } });
  const fit = new Fit(gpu, KnownViews.ofObject(gpu, mesh, knownSize(fitted)), fitted, made);
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
