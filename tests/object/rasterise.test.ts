import { describe, expect, test } from 'vitest';
import { boxFiltered, rasterise } from '../../src/object/rasterise';
import { mipLevels } from '../../src/object/texture_image';
import { orbitCamera } from '../../src/render/camera';
import { meshOf, square } from './shapes';

const front = orbitCamera({ azimuth: 0, elevation: 0, distance: 3, fovy: 40 });
/** Half the height of what the camera sees at the origin. */
const reach = 3 * Math.tan((20 * Math.PI) / 180);

describe('coverage', () => {
  test('a square covers as much as it does on the image plane', () => {
    const view = boxFiltered(rasterise(meshOf(square(0.5)), front, 256, 256), 4);
    const alpha = view.subarray(3 * 64 * 64);
    const covered = alpha.reduce((sum, a) => sum + a, 0) / alpha.length;
    expect(covered).toBeCloseTo((0.5 / reach) ** 2, 2);
    // Its edges are where the pinhole puts them: 64 pixels across 2 reach.
    const row = alpha.subarray(32 * 64, 33 * 64);
    expect(row.reduce((sum, a) => sum + a, 0)).toBeCloseTo((64 * 0.5) / reach, 0);
  });

  test('the two triangles of a square leave no gap and no pixel twice', () => {
    const { rgba } = rasterise(meshOf(square(2)), front, 33, 33);
    expect(rgba.every((value) => value === 255)).toBe(true);
  });

  test('an object of no area covers nothing', () => {
    const line = meshOf([
      [
        [0, 0, 0],
        [0, 0, 0],
        [0.5, 0, 0],
      ],
    ]);
    expect(rasterise(line, front, 16, 16).rgba.some((value) => value > 0)).toBe(false);
  });

  test('a wide view shows more to the sides, and rows count from the top', () => {
    const high = meshOf(square(0.2).map((t) => t.map(([x, y, z]) => [x, y + 0.7, z])) as never);
    const { rgba } = rasterise(high, front, 64, 32);
    const rows = Array.from({ length: 32 }, (_, row) =>
      rgba.subarray(4 * 64 * row, 4 * 64 * (row + 1)).some((value) => value > 0),
    );
    expect(rows.indexOf(true)).toBe(Math.ceil(16 * (1 - 0.9 / reach) - 0.5));
    expect(rows.lastIndexOf(true)).toBeLessThan(16);
  });
});

describe('depth', () => {
  const near = meshOf(square(0.5, 0.5), [1, 0, 0]);
  const far = meshOf(square(0.6, -0.5), [0, 0, 1]);
  const both = (a: typeof near, b: typeof near) => ({
    ...a,
    positions: Float32Array.from([...a.positions, ...b.positions]),
    colours: Float32Array.from([...a.colours, ...b.colours]),
    uvs: Float32Array.from([...a.uvs, ...b.uvs]),
    indices: Uint32Array.from({ length: 12 }, (_, i) => i),
    paintOf: new Uint16Array(4),
  });

  test.each([
    ['first', both(near, far)],
    ['last', both(far, near)],
  ])('the nearer of two squares is seen, drawn %s', (_, mesh) => {
    const { rgba, nearness } = rasterise(mesh, front, 17, 17);
    const middle = 8 * 17 + 8;
    expect([...rgba.subarray(4 * middle, 4 * middle + 4)]).toEqual([255, 0, 0, 255]);
    expect(nearness[middle]).toBeCloseTo(1 / 2.5);
  });

  test('from behind, the other', () => {
    const behind = orbitCamera({ azimuth: 180, elevation: 0, distance: 3, fovy: 40 });
    const { rgba } = rasterise(both(near, far), behind, 17, 17);
    expect([...rgba.subarray(4 * (8 * 17 + 8), 4 * (8 * 17 + 9))]).toEqual([0, 0, 255, 255]);
  });

  test('a camera within the object is refused', () => {
    expect(() => rasterise(meshOf(square(0.5, 4)), front, 8, 8)).toThrow(/behind the camera/);
  });
});

describe('colour', () => {
  test('linear light becomes display sRGB', () => {
    const { rgba } = rasterise(meshOf(square(2), [0.5, 0.214, 0]), front, 3, 3);
    expect([...rgba.subarray(0, 4)]).toEqual([188, 127, 0, 255]);
  });

  test('vertex colours are interpolated in space, not on the image', () => {
    // A strip that runs away from the camera: black at z = 0.8, white at z = -0.8.
    const strip = meshOf([
      [
        [-0.5, -0.3, 0.8],
        [0.5, -0.3, 0.8],
        [0.5, -0.3, -0.8],
      ],
      [
        [-0.5, -0.3, 0.8],
        [0.5, -0.3, -0.8],
        [-0.5, -0.3, -0.8],
      ],
    ]);
    strip.colours.forEach((_, i) => {
      strip.colours[i] = (0.8 - strip.positions[3 * Math.floor(i / 3) + 2]!) / 1.6;
    });
    const { rgba, nearness } = rasterise(strip, front, 65, 65);
    let seen = 0;
    nearness.forEach((near, sample) => {
      if (near === 0) return;
      const light = (0.8 - (3 - 1 / near)) / 1.6;
      const display = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
      expect(Math.abs(rgba[4 * sample]! - 255 * display)).toBeLessThan(1);
      seen++;
    });
    expect(seen).toBeGreaterThan(100);
  });

  const corners = [
    [0, 1],
    [1, 1],
    [1, 0],
    [0, 1],
    [1, 0],
    [0, 0],
  ] as const;
  const checker = (alpha: number) => ({
    levels: mipLevels({
      data: Uint8ClampedArray.from([
        ...[255, 0, 0, 255],
        ...[0, 255, 0, 255],
        ...[0, 0, 255, alpha],
        ...[255, 255, 0, alpha],
      ]),
      width: 2,
      height: 2,
    }),
    wrapS: 'clamp',
    wrapT: 'clamp',
  });
  const textured = (alpha: number, cutoff: number) =>
    meshOf(square(1), [1, 1, 1], corners, { texture: checker(alpha), cutoff } as never);
  const pixel = ({ rgba }: { rgba: Uint8Array }, row: number, column: number) => [
    ...rgba.subarray(4 * (32 * row + column), 4 * (32 * row + column) + 4),
  ];

  test('a texture lies as its coordinates say, row 0 at v = 0', () => {
    const raster = rasterise(textured(255, 0), front, 32, 32);
    expect(pixel(raster, 4, 4)).toEqual([255, 0, 0, 255]);
    expect(pixel(raster, 4, 27)).toEqual([0, 255, 0, 255]);
    expect(pixel(raster, 27, 4)).toEqual([0, 0, 255, 255]);
    expect(pixel(raster, 27, 27)).toEqual([255, 255, 0, 255]);
  });

  test('texels below the cutoff are holes', () => {
    const raster = rasterise(textured(0, 0.5), front, 32, 32);
    expect(pixel(raster, 4, 4)).toEqual([255, 0, 0, 255]);
    expect(pixel(raster, 27, 4)).toEqual([0, 0, 0, 0]);
  });

  test('a texture much finer than the view is read at its mean', () => {
    const data = Uint8ClampedArray.from({ length: 4 * 512 * 512 }, (_, i) =>
      i % 4 === 3 ? 255 : (Math.floor(i / 4) + Math.floor(i / 2048)) % 2 ? 255 : 0,
    );
    const texture = { levels: mipLevels({ data, width: 512, height: 512 }), wrapS: 'repeat' };
    const mesh = meshOf(square(1), [1, 1, 1], corners, {
      texture: { ...texture, wrapT: 'mirror' },
      cutoff: 0,
    } as never);
    const { rgba } = rasterise(mesh, front, 32, 32);
    expect(Math.abs(pixel({ rgba }, 16, 16)[0]! - 128)).toBeLessThan(2);
  });

  test('box filtering premultiplies', () => {
    const raster = {
      width: 2,
      height: 2,
      rgba: Uint8Array.from([...[255, 51, 0, 255], ...new Array(12).fill(0)]),
      nearness: new Float32Array(4),
    };
    expect([...boxFiltered(raster, 2)].map((v) => Math.round(1000 * v) / 1000)).toEqual([
      0.25, 0.05, 0, 0.25,
    ]);
  });
});
