import { unzipSync } from 'fflate';
import { beforeAll, expect, test } from 'vitest';
import { encodePng } from '../../src/image/png_node';
import { FieldMesh } from '../../src/mesh/field_mesh';
import type { MeshSettings } from '../../src/mesh/settings';
import { ringCameras } from '../../src/render/camera';
import { renderStill } from '../../src/render/still';
import { analyticField } from '../analytic_field';
import { openTestGpu, type TestGpu } from '../gpu';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A ball of radius 0.5, and a speck beside it. */
const ball = `
  let body = 30.0 * max(0.0, 1.0 + 10.0 * (0.5 - length(p)));
  let speck = select(0.0, 300.0, distance(p, vec3f(0.0, 0.8, 0.0)) < 0.07);
  return vec4f(0.5 + 0.4 * p, max(body, speck));`;

const defaults: MeshSettings = {
  resolution: 33,
  blur: 0,
  level: 0,
  smooth: 3,
  format: 'glb',
  triangles: 0,
  texture: 0,
  unlit: false,
  compression: 'none',
  millimetres: 60,
  zip: false,
};

function meshOf(density: string, settings: Partial<MeshSettings> = {}): FieldMesh {
  const field = analyticField(t, density);
  const cameras = ringCameras(2, { elevation: 15, distance: 3.07, fovy: 40 });
  const silhouettes = async () => {
    const views = await renderStill(t.gpu, field, { cameras, size: 32, samplesPerRay: 64 });
    return { views, width: 32, height: 32, cameras };
  };
  const merged = { ...defaults, ...settings };
  return new FieldMesh({ gpu: t.gpu, field, settings: merged, viewSize: 32, silhouettes });
}

/** The greatest distance of a mesh's vertices from the origin. */
const reach = ({ positions }: { positions: Float32Array }) =>
  Math.max(
    ...Array.from({ length: positions.length / 3 }, (_, i) =>
      Math.hypot(...positions.subarray(3 * i, 3 * i + 3)),
    ),
  );

test('a mesh and the cells that show the object leave the same speck out', async () => {
  const mesh = meshOf(ball);
  expect(reach(await mesh.extract())).toBeLessThan(0.65);
  const cells = await mesh.cells(16);
  const at = (x: number, y: number, z: number) => cells[(z * 16 + y) * 16 + x];
  expect([at(8, 8, 8), at(8, 14, 8), at(1, 8, 8)]).toEqual([1, 0, 0]);
});

test('an empty field has no mesh, and all cells are shown', async () => {
  const mesh = meshOf('return vec4f(0.0);');
  await expect(mesh.extract()).rejects.toThrow(/The field is empty/);
  expect(await mesh.cells(4)).toEqual(new Uint8Array(64).fill(1));
});

test('blur counts in pixels of the views', async () => {
  // A rod of radius 0.05 among pixels of 0.06: blurred by one of them it is thicker.
  const rod =
    'return vec4f(vec3f(0.5), select(0.0, 100.0, max(length(p.xz) * 10.0, abs(p.y)) < 0.5));';
  const width = async (blur: number) => {
    const { positions } = await meshOf(rod, { resolution: 49, blur, smooth: 0 }).extract();
    return Math.max(...positions.filter((_, i) => i % 3 === 0));
  };
  expect(await width(1)).toBeGreaterThan((await width(0)) + 0.01);
});

test('files have the format and the texture of the settings, and as many triangles', async () => {
  const names = { prompt: 'a ball', file: 'ball' };
  const plain = await meshOf(ball, { format: 'ply', triangles: 200, texture: 64 }).files(
    encodePng,
    names,
  );
  expect(plain.map(({ name }) => name)).toEqual(['ball.ply']);
  expect(new TextDecoder().decode(plain[0]!.bytes.subarray(0, 500))).toContain(
    'element face 200\n',
  );
  const textured = await meshOf(ball, { format: 'obj', triangles: 100, texture: 64 }).files(
    encodePng,
    { prompt: 'a ball' },
  );
  expect(textured.map(({ name }) => name)).toEqual(['mesh.obj', 'mesh.mtl', 'mesh.png']);
});

test('several files are one archive where the settings say so', async () => {
  const settings = { format: 'obj', triangles: 100, texture: 64, zip: true } as const;
  const files = await meshOf(ball, settings).files(encodePng, { prompt: 'a ball', file: 'ball' });
  expect(files.map(({ name }) => name)).toEqual(['ball.zip']);
  const found = unzipSync(files[0]!.bytes);
  expect(Object.keys(found)).toEqual(['ball.obj', 'ball.mtl', 'ball.png']);
});

test('the mesh by other settings is that of a field with them', async () => {
  const changes = { format: 'obj', triangles: 100, texture: 64 } as const;
  const names = { prompt: 'a ball', file: 'ball' };
  const other = meshOf(ball, { triangles: 200 }).with(changes);
  const { files, mesh } = await other.export(await other.extract(), encodePng, names);
  expect(mesh.indices.length / 3).toBe(100);
  expect(files).toEqual(await meshOf(ball, changes).files(encodePng, names));
});

test('a level that is given is where the surface lies', async () => {
  const radiusAt = async (level: number) => {
    const { positions, iso } = await meshOf(ball, { level, smooth: 0 }).shape();
    expect(iso).toBe(level);
    return reach({ positions });
  };
  // The density 30 (1 + 10 (0.5 - r)) is 15 at r = 0.55, 45 at 0.45.
  expect(await radiusAt(15)).toBeCloseTo(0.55, 2);
  expect(await radiusAt(45)).toBeCloseTo(0.45, 2);
  const { iso } = await meshOf(ball).shape();
  expect(iso).toBeGreaterThan(1);
  await expect(meshOf(ball, { level: 9000 }).shape()).rejects.toThrow(/empty/);
});
