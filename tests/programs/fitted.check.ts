/**
 * A field fitted to an object, as every kind of file: colours agree between the files as our own reader has them, and
 * in Blender with the view of the field itself. LIMBECK_OBJECT names an object to fit; LIMBECK_FIT_STEPS its steps.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readObjectFile } from '../../src/cli/object_file';
import { Fit, fitSettings } from '../../src/fit/fit';
import { KnownViews, turntableCameras } from '../../src/fit/known_views';
import { paintedMesh } from '../../src/fit/metrics';
import { encodePng } from '../../src/image/png_node';
import { viewAt } from '../../src/image/views';
import { normalise } from '../../src/object/normalise';
import { objectViews } from '../../src/object/views';
import { openTestGpu } from '../gpu';
import { blenderViews, boxOf, meanDifference, renderInBlender, type Views } from './compare';
import { ending, forBlender, writeKinds } from './kinds';
import { exportedObject } from './object';

const views = { count: 3, size: 96 };
const cameras = turntableCameras(views.count);
const { LIMBECK_OBJECT: asked, LIMBECK_FIT_STEPS: steps = '300' } = process.env;

/** Files with colours that our own reader reads, and that Blender does. */
const readBack = ending('.glb', '.obj', '.ply');
const inBlender = forBlender.filter((file) => !file.endsWith('.stl'));

let folder: string;
const seen = new Map<string, Views>();
let own: Views;
let field: Views;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-fitted-'));
  const { gpu } = await openTestGpu();
  const { mesh } = asked
    ? await readObjectFile(asked)
    : normalise(paintedMesh((await exportedObject()).mesh), 'figure');
  const small = { levels: 6, log2TableSize: 14, maxResolution: 64 } as const;
  const settings = fitSettings({
    prompt: 'an object',
    steps: Number(steps),
    ...(!asked && { field: small, mesh: { resolution: 64 } }),
  });
  const fit = new Fit(gpu, KnownViews.ofObject(gpu, mesh, asked ? 128 : 64), settings);
  while (!fit.finished) await fit.takeStep();
  const dense = await fit.mesh();
  const textured = await fit.generator.mesh.texture(dense, 512, encodePng);
  const ofField = await fit.views(cameras, views.size);
  fit.dispose();
  await writeKinds(folder, { mesh: dense, textured });
  const viewsOf = (all: Float32Array) => (i: number) => viewAt(all, i, views.count);
  field = viewsOf(ofField);
  own = viewsOf(objectViews(paintedMesh(dense), cameras, views.size));
  for (const file of readBack) {
    const { mesh, centre, radius } = await readObjectFile(join(folder, file), 'y');
    const positions = mesh.positions.map((value, i) => centre[i % 3]! + radius * value);
    seen.set(file, viewsOf(objectViews({ ...mesh, positions }, cameras, views.size)));
  }
  await renderInBlender(folder, inBlender, boxOf(dense.positions), { cameras, size: views.size });
});
afterAll(() => rm(folder, { recursive: true }));

const differ = (a: Views, b: Views) => meanDifference(a, b, views.count);

test.each(readBack)('%s, read back: colours within 2 of every other file', async (file) => {
  for (const other of readBack) {
    expect(await differ(seen.get(file)!, seen.get(other)!), other).toBeLessThan(2);
  }
});

test.each(inBlender)('%s in Blender: colours within 5 of our own view', async (file) => {
  const rendered = blenderViews(join(folder, file), views.size);
  const [ofMesh, ofField] = [await differ(rendered, own), await differ(rendered, field)];
  console.log(
    `${file}: ${ofMesh.toFixed(2)} of 255 from the mesh, ${ofField.toFixed(2)} from the field`,
  );
  expect(ofMesh).toBeLessThan(5);
  expect(ofField).toBeLessThan(5);
});

test('in Blender colours of all files are within 2 of each other', async () => {
  for (const file of inBlender) {
    for (const other of inBlender) {
      const [a, b] = [file, other].map((name) => blenderViews(join(folder, name), views.size));
      expect(await differ(a!, b!), `${file} and ${other}`).toBeLessThan(2);
    }
  }
});
