import { expect, test } from 'vitest';
import { sphereCameras } from '../../src/fit/known_views';
import { paintedMesh } from '../../src/fit/metrics';
import { psnr } from '../../src/image/metrics';
import { viewAt } from '../../src/image/views';
import { objectViews } from '../../src/object/views';
import { colouredBox } from '../object/shapes';

const box = colouredBox(0.7, 0.4, 0.55);

test('a mesh drawn twice is the same object: no noise in what fits are measured by', () => {
  const cameras = sphereCameras(2);
  const views = objectViews(box, cameras, 32);
  const { indices, colours } = box;
  const positions = Float32Array.from(box.positions);
  const display = colours.map((c) => (c <= 0.0031308 ? 12.92 * c : 1.055 * c ** (1 / 2.4) - 0.055));
  const again = objectViews(
    paintedMesh({ positions, indices, normals: positions, colours: display }),
    cameras,
    32,
  );
  expect(psnr(viewAt(again, 1, 2), viewAt(views, 1, 2))).toBeGreaterThan(60);
});
