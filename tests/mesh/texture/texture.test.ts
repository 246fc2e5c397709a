import validator from 'gltf-validator';
import { PNG } from 'pngjs';
import { beforeAll, expect, test } from 'vitest';
import { encodePng } from '../../../src/image/png_node';
import { exportMesh } from '../../../src/mesh/export';
import { extractMesh } from '../../../src/mesh/surface/extract';
import { simplifyMesh } from '../../../src/mesh/surface/simplify';
import { textureMesh } from '../../../src/mesh/texture/texture';
import { analyticField } from '../../analytic_field';
import { openTestGpu, type TestGpu } from '../../gpu';
import { openSides } from '../meshes';

let t: TestGpu;
beforeAll(async () => {
  t = await openTestGpu();
});

/** A ball of radius 0.6 whose colour changes with the direction alone. */
const ball = `
  let sigma = 30.0 * max(0.0, 1.0 + 10.0 * (0.6 - length(p)));
  return vec4f(0.5 + 0.4 * p / max(length(p), 1e-6), sigma);`;

test('a field becomes a textured file whose colours are those of the vertices', async () => {
  const size = 128;
  const field = analyticField(t, ball);
  const whole = await extractMesh(t.gpu, field, { resolution: 40, smooth: 3 });
  const mesh = await simplifyMesh(whole, { triangles: 800 });
  expect(openSides(mesh.positions, mesh.indices)).toBe(0);
  const texture = await textureMesh(t.gpu, field, mesh, size, encodePng);
  const png = PNG.sync.read(Buffer.from(texture.png));
  expect([png.width, png.height]).toEqual([size, size]);
  const { vertices, uvs } = texture.atlas;
  let sum = 0;
  vertices.forEach((vertex, i) => {
    const [x, y] = [0, 1].map((axis) => Math.min(Math.floor(uvs[2 * i + axis]! * size), size - 1));
    for (let c = 0; c < 3; c++) {
      const difference = png.data[4 * (y! * size + x!) + c]! / 255 - mesh.colours[3 * vertex + c]!;
      expect(Math.abs(difference)).toBeLessThan(0.05);
      sum += Math.abs(difference);
    }
  });
  expect(sum / (3 * vertices.length)).toBeLessThan(0.01);
  const [glb] = await exportMesh(mesh, 'glb', { texture });
  expect((await validator.validateBytes(glb!.bytes)).issues.messages).toEqual([]);
});
