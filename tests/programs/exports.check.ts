import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import validator from 'gltf-validator';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { turntableCameras } from '../../src/fit/known_views';
import { paintedMesh } from '../../src/fit/metrics';
import { silhouetteOverlap } from '../../src/image/metrics';
import { viewAt } from '../../src/image/views';
import { printPositions } from '../../src/mesh/export/print';
import { objectViews } from '../../src/object/views';
import { blenderViews, boxOf, meanDifference, renderInBlender } from './compare';
import { ending, forBlender, kinds, writeKinds } from './kinds';
import { type Exported, exportedObject } from './object';
import { exportsPage, type Row } from './page';
import { assimp, prusaSlicer, type Seen, slice, trimesh, usd } from './programs';

const files = Object.keys(kinds);

const views = { count: 3, size: 96 };
const cameras = turntableCameras(views.count);

let folder: string;
let object: Exported;
const rows: Row[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'limbeck-exports-'));
  object = await exportedObject();
  await writeKinds(folder, object);
});
afterAll(() => rm(folder, { recursive: true }));

const path = (file: string) => join(folder, file);
const meshIn = (file: string) => (kinds[file]![2] ? object.mesh : object.textured.mesh);

/** Where a file's object is, by what docs/exports.md says of the formats. */
function boxIn(file: string): [number[], number[]] {
  const { positions } = meshIn(file);
  const [format] = kinds[file]!;
  if (format === 'stl' || format === '3mf') return boxOf(printPositions(positions, 60));
  const [low, high] = boxOf(positions);
  const floor = format === 'usdz' ? low[1]! : 0;
  return [low, high].map(([x, y, z]) => [x!, y! - floor, z!]) as [number[], number[]];
}

/** The same in Blender, which turns y up to z up, but not where a format leaves open what is up. */
function boxInBlender(file: string): [number[], number[]] {
  const [[x0, y0, z0], [x1, y1, z1]] = boxIn(file) as [number[], number[]];
  if (/\.(ply|stl)$/.test(file)) return boxIn(file);
  return [
    [x0!, -z1!, y0!],
    [x1!, -z0!, y1!],
  ];
}

function expectBox(found: Seen['box'], expected: readonly number[][]) {
  const size = Math.max(...expected[1]!.map((value, axis) => value - expected[0]![axis]!));
  found.flat().forEach((value, i) => {
    expect(Math.abs(value - expected.flat()[i]!) / size).toBeLessThan(1e-3);
  });
}

/** Notes what a program says for the page, and checks its triangles and its box. */
function note(program: string, file: string, seen: Seen, box = boxIn(file)) {
  rows.push({ file, program, ...seen });
  expect(seen.triangles).toBe(meshIn(file).indices.length / 3);
  expectBox(seen.box, box);
}

describe('gltf-validator', () => {
  test.each(ending('.glb'))('%s: no error and no warning', async (file) => {
    const { issues } = await validator.validateBytes(new Uint8Array(await readFile(path(file))));
    expect(issues.messages.filter(({ severity }: { severity: number }) => severity < 2)).toEqual(
      [],
    );
  });
});

describe('Blender', () => {
  let seen: Awaited<ReturnType<typeof renderInBlender>>;
  let ours: Float32Array;
  beforeAll(async () => {
    const box = boxOf(object.mesh.positions);
    seen = await renderInBlender(folder, forBlender, box, { cameras, size: views.size });
    ours = objectViews(paintedMesh(object.mesh), cameras, views.size);
  });

  test.each(forBlender)('%s: triangles, box, unit', (file) => {
    note(`Blender ${seen.version}`, file, seen.files[file]!, boxInBlender(file));
  });

  const rendered = (file: string) => blenderViews(path(file), views.size);
  const own = (i: number) => viewAt(ours, i, views.count);
  const coloured = forBlender.filter((file) => !file.endsWith('.stl'));

  test.each(coloured)('%s: colours within 5 of our own view', async (file) => {
    const found = await meanDifference(rendered(file), own, views.count);
    console.log(`${file}: ${found.toFixed(2)} of 255 from our own view`);
    expect(found).toBeLessThan(5);
  });

  test.each(coloured)('%s: colours within 2 of every other file', async (file) => {
    for (const other of coloured) {
      const found = await meanDifference(rendered(file), rendered(other), views.count);
      expect(found, `${file} and ${other}`).toBeLessThan(2);
    }
  });

  test.each(forBlender)('%s: the outline is ours from all sides', async (file) => {
    for (let i = 0; i < views.count; i++) {
      expect(silhouetteOverlap(await rendered(file)(i), own(i))).toBeGreaterThan(0.97);
    }
  });
});

test('trimesh: triangles, box and unit; the meshes without seams are closed', async () => {
  const read = files.filter((file) => !/usdz$|meshopt/.test(file));
  const { version, files: seen } = await trimesh(read.map(path));
  for (const file of read) {
    note(`trimesh ${version}`, file, seen[file]!);
    if (kinds[file]![2]) expect(seen[file]!.closed, file).toBe(true);
  }
});

test.each(files.filter((file) => !/usdz$|meshopt|quantised/.test(file)))(
  'assimp, %s: triangles and box',
  async (file) => {
    const seen = await assimp(path(file));
    note(`assimp ${seen.version}`, file, seen);
  },
);

describe('PrusaSlicer', () => {
  test.each(ending('.stl', '.3mf'))(
    '%s: closed, 60 mm high, and it can be printed',
    async (file) => {
      const seen = await prusaSlicer(path(file));
      note(`PrusaSlicer ${seen.version}`, file, seen);
      expect(seen.closed).toBe(true);
      expect(seen.volume).toBeGreaterThan(0);
      const gcode = await readFile(await slice(path(file), path(`${file}.gcode`)), 'utf8');
      const heights = [...gcode.matchAll(/^;Z:([\d.]+)$/gm)].map(([, z]) => Number(z));
      expect(Math.max(...heights)).toBeCloseTo(60, 0);
    },
  );
});

test('OpenUSD: triangles, box, unit and what is up; its validators find nothing', async () => {
  const read = ending('.usdz');
  const { version, files: seen } = await usd(read.map(path));
  for (const file of read) {
    note(`OpenUSD ${version}`, file, seen[file]!);
    expect(seen[file]!.faults, file).toEqual([]);
  }
});

test('docs/exports.md has what the programs say', async () => {
  await expect(exportsPage(rows)).toMatchFileSnapshot('../../docs/exports.md');
});
