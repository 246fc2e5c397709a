import { linear } from '../image/srgb';
import type { Camera } from '../render/camera';
import type { ObjectMesh, TextureImage } from './object_mesh';
import { readTexture } from './texture_image';

/** What the camera sees at each sample of a view; samples are the centres of a grid of cells. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  /** u8 [height, width, 4]: display sRGB, and 255 where the object is, all 0 where it is not. */
  readonly rgba: Uint8Array<ArrayBuffer>;
  /** f32 [height, width]: 1 / distance along the camera's axis; 0 where there is nothing. */
  readonly nearness: Float32Array;
  /** i32 [height, width]: the triangle that is seen, -1 for none. */
  readonly triangle: Int32Array;
}

/** Where the object's triangles are seen, before they are given colours. */
interface Hits {
  readonly nearness: Float32Array;
  /** i32: the triangle in front, -1 for none. */
  readonly triangle: Int32Array;
  /** f32 [samples, 2]: weights of its second and third corner, in space. */
  readonly weights: Float32Array;
  /** What was last read of a texture: rgba, 0 to 255. */
  readonly texel: Float64Array;
}

/** A vertex on the image plane: x to the right, y down, in samples; 1 / distance. */
const stride = 3;

/**
 * Draws an object without light: at each sample the colour of the nearest triangle, seen from either
 * side. Edges are as sharp as the grid is fine; {@link boxFiltered} smooths them.
 *
 * @param camera outside of the object, all of which is in front of it.
 * @throws RangeError when some of the object is behind the camera.
 */
export function rasterise(mesh: ObjectMesh, camera: Camera, width: number, height: number): Raster {
  const projected = project(mesh.positions, camera, width, height);
  const hits: Hits = {
    nearness: new Float32Array(width * height),
    triangle: new Int32Array(width * height).fill(-1),
    weights: new Float32Array(2 * width * height),
    texel: new Float64Array(4),
  };
  for (let triangle = 0; triangle < mesh.paintOf.length; triangle++) {
    draw(mesh, projected, triangle, hits, width, height);
  }
  const { nearness, triangle } = hits;
  return { width, height, rgba: colour(mesh, projected, hits), nearness, triangle };
}

function project(
  positions: ObjectMesh['positions'],
  { c2w, fovy }: Camera,
  width: number,
  height: number,
): Float64Array {
  const projected = new Float64Array(positions.length);
  const focal = height / 2 / Math.tan((fovy * Math.PI) / 360);
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i]! - c2w[3]!;
    const y = positions[i + 1]! - c2w[7]!;
    const z = positions[i + 2]! - c2w[11]!;
    const distance = -(c2w[2]! * x + c2w[6]! * y + c2w[10]! * z);
    if (!(distance > 0)) throw new RangeError('The object reaches behind the camera.');
    const scale = focal / distance;
    projected[i] = width / 2 + scale * (c2w[0]! * x + c2w[4]! * y + c2w[8]! * z);
    projected[i + 1] = height / 2 - scale * (c2w[1]! * x + c2w[5]! * y + c2w[9]! * z);
    projected[i + 2] = 1 / distance;
  }
  return projected;
}

/** Enters a triangle wherever it is in front of what was drawn before. */
function draw(
  mesh: ObjectMesh,
  projected: Float64Array,
  triangle: number,
  { nearness, triangle: front, weights, texel }: Hits,
  width: number,
  height: number,
): void {
  const a = stride * mesh.indices[3 * triangle]!;
  const b = stride * mesh.indices[3 * triangle + 1]!;
  const c = stride * mesh.indices[3 * triangle + 2]!;
  const [ax, ay, az] = [projected[a]!, projected[a + 1]!, projected[a + 2]!];
  const [bx, by, bz] = [projected[b]!, projected[b + 1]!, projected[b + 2]!];
  const [cx, cy, cz] = [projected[c]!, projected[c + 1]!, projected[c + 2]!];
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (area === 0) return;
  const paint = mesh.paints[mesh.paintOf[triangle]!]!;
  const left = Math.max(0, Math.ceil(Math.min(ax, bx, cx) - 0.5));
  const right = Math.min(width - 1, Math.floor(Math.max(ax, bx, cx) - 0.5));
  const top = Math.max(0, Math.ceil(Math.min(ay, by, cy) - 0.5));
  const bottom = Math.min(height - 1, Math.floor(Math.max(ay, by, cy) - 0.5));
  for (let row = top; row <= bottom; row++) {
    const y = row + 0.5;
    for (let column = left; column <= right; column++) {
      const x = column + 0.5;
      const onB = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area;
      const onC = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area;
      const onA = 1 - onB - onC;
      if (onA < 0 || onB < 0 || onC < 0) continue;
      // 1 / distance is linear on the image plane; weights in space follow from it.
      const near = onA * az + onB * bz + onC * cz;
      const sample = row * width + column;
      if (near <= nearness[sample]!) continue;
      const [second, third] = [(onB * bz) / near, (onC * cz) / near];
      if (paint.cutoff > 0 && paint.texture) {
        const [u, v] = place(mesh, mesh.uvs, triangle, second, third);
        readTexture(paint.texture, u, v, 1, texel);
        if (texel[3]! < 255 * paint.cutoff) continue;
      }
      nearness[sample] = near;
      front[sample] = triangle;
      weights[2 * sample] = second;
      weights[2 * sample + 1] = third;
    }
  }
}

/** Texture coordinates at a point of a triangle. */
function place(
  { indices }: ObjectMesh,
  uvs: Float32Array,
  triangle: number,
  second: number,
  third: number,
) {
  const a = 2 * indices[3 * triangle]!;
  const b = 2 * indices[3 * triangle + 1]!;
  const c = 2 * indices[3 * triangle + 2]!;
  const first = 1 - second - third;
  return [
    first * uvs[a]! + second * uvs[b]! + third * uvs[c]!,
    first * uvs[a + 1]! + second * uvs[b + 1]! + third * uvs[c + 1]!,
  ] as const;
}

function colour(mesh: ObjectMesh, projected: Float64Array, hits: Hits): Uint8Array<ArrayBuffer> {
  const { indices, colours, paints, paintOf, uvs, emissionUvs = uvs } = mesh;
  const { texel } = hits;
  const rgba = new Uint8Array(4 * hits.triangle.length);
  const painted = new Map<number, number>();
  const glowing = new Map<number, number>();
  const read = (texture: TextureImage, at: Float32Array, seen: Map<number, number>, hit: Hit) => {
    const texels = seen.get(hit.triangle) ?? footprint(mesh, texture, at, projected, hit.triangle);
    seen.set(hit.triangle, texels);
    const [u, v] = place(mesh, at, hit.triangle, hit.second, hit.third);
    readTexture(texture, u, v, texels, texel);
  };
  const light = new Float64Array(3);
  for (let sample = 0; sample < hits.triangle.length; sample++) {
    const triangle = hits.triangle[sample]!;
    if (triangle < 0) continue;
    const second = hits.weights[2 * sample]!;
    const third = hits.weights[2 * sample + 1]!;
    const hit = { triangle, second, third };
    const { texture, emission } = paints[paintOf[triangle]!]!;
    if (texture) read(texture, uvs, painted, hit);
    const a = 3 * indices[3 * triangle]!;
    const b = 3 * indices[3 * triangle + 1]!;
    const c = 3 * indices[3 * triangle + 2]!;
    for (let k = 0; k < 3; k++) {
      const vertex =
        (1 - second - third) * colours[a + k]! + second * colours[b + k]! + third * colours[c + k]!;
      light[k] = texture ? vertex * linearOf(texel[k]!) : vertex;
    }
    if (emission) {
      if (emission.texture) read(emission.texture, emissionUvs, glowing, hit);
      for (let k = 0; k < 3; k++) {
        light[k]! += emission.colour[k]! * (emission.texture ? linearOf(texel[k]!) : 1);
      }
    }
    for (let k = 0; k < 3; k++) rgba[4 * sample + k] = displayByte(light[k]!);
    rgba[4 * sample + 3] = 255;
  }
  return rgba;
}

/** A point of a triangle, by the weights of its second and third corner. */
interface Hit {
  readonly triangle: number;
  readonly second: number;
  readonly third: number;
}

/** Texels of a texture, along a side, that one sample of the view covers on a triangle. */
function footprint(
  { indices }: ObjectMesh,
  { levels }: TextureImage,
  uvs: Float32Array,
  projected: Float64Array,
  triangle: number,
): number {
  const { width, height } = levels[0]!;
  const [a, b, c] = [0, 1, 2].map((corner) => indices[3 * triangle + corner]!) as [
    number,
    number,
    number,
  ];
  const twiceArea = (x: (vertex: number) => number, y: (vertex: number) => number) =>
    Math.abs((x(b) - x(a)) * (y(c) - y(a)) - (y(b) - y(a)) * (x(c) - x(a)));
  const onView = twiceArea(
    (vertex) => projected[stride * vertex]!,
    (vertex) => projected[stride * vertex + 1]!,
  );
  const onTexture = twiceArea(
    (vertex) => width * uvs[2 * vertex]!,
    (vertex) => height * uvs[2 * vertex + 1]!,
  );
  return Math.sqrt(onTexture / onView);
}

/** Entries of the table from linear light to display bytes: a 200th of a byte apart at most. */
const tableSize = 2 ** 16;

const displayBytes = Uint8Array.from({ length: tableSize + 1 }, (_, i) => {
  const light = i / tableSize;
  const display = light <= 0.0031308 ? 12.92 * light : 1.055 * light ** (1 / 2.4) - 0.055;
  return Math.round(255 * display);
});

/** Linear light to a byte of display sRGB (IEC 61966-2-1). */
const displayByte = (light: number) =>
  displayBytes[Math.round(tableSize * Math.min(Math.max(light, 0), 1))]!;

const linearLight = Float64Array.from({ length: 256 }, (_, i) => linear(i / 255));

/** A display value from 0 to 255 to linear light. */
function linearOf(display: number): number {
  const low = Math.floor(display);
  const high = Math.min(low + 1, 255);
  return linearLight[low]! + (display - low) * (linearLight[high]! - linearLight[low]!);
}

/**
 * A view from a raster `factor` times as fine: the mean of each pixel's samples.
 * @returns f32 [4, height / factor, width / factor]: display sRGB premultiplied by alpha, then alpha.
 */
export function boxFiltered(
  { rgba, width, height }: Omit<Raster, 'triangle' | 'nearness'>,
  factor: number,
): Float32Array {
  const [columns, rows] = [width / factor, height / factor];
  const view = new Float32Array(4 * rows * columns);
  const share = 1 / (255 * factor * factor);
  for (let sample = 0; sample < width * height; sample++) {
    const column = Math.floor((sample % width) / factor);
    const row = Math.floor(sample / width / factor);
    for (let c = 0; c < 4; c++) {
      view[(c * rows + row) * columns + column]! += share * rgba[4 * sample + c]!;
    }
  }
  return view;
}
