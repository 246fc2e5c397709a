import type { Image } from '../../image/image';
import type { FieldValues } from '../solid/field_sampler';
import { seenColours } from '../surface/colours';
import type { Mesh } from '../surface/extract';
import type { Atlas } from './unwrap';

/** The texels of an image that lie on a mesh. */
export interface Texels {
  /** u32 [n]: row-major indices into the image, ascending. */
  readonly texels: Uint32Array;
  /** f32 [n, 3]: the points of the surface at the texels' centres. */
  readonly positions: Float32Array;
  /** f32 [n, 3], unit. */
  readonly normals: Float32Array;
}

/**
 * The field's colours as a texture: each texel has the colour that its point of the surface is seen
 * in, by the rule of the vertex colours. Texels beside the charts continue them, so that filtering
 * shows no seams.
 *
 * @param size side of the image in texels.
 */
export async function bakeTexture(
  source: FieldValues,
  mesh: Mesh,
  atlas: Atlas,
  size: number,
): Promise<Image> {
  const { texels, positions, normals } = surfaceTexels(mesh, atlas, size);
  const colours = await seenColours(source, positions, normals);
  const rgb = new Float32Array(3 * size * size);
  const filled = new Uint8Array(size * size);
  texels.forEach((texel, i) => {
    rgb.set(colours.subarray(3 * i, 3 * i + 3), 3 * texel);
    filled[texel] = 1;
  });
  dilate(rgb, filled, size);
  const data = new Uint8ClampedArray(4 * size * size);
  for (let texel = 0; texel < size * size; texel++) {
    for (let c = 0; c < 3; c++) data[4 * texel + c] = 255 * rgb[3 * texel + c]!;
    data[4 * texel + 3] = 255;
  }
  return { data, width: size, height: size };
}

/** Texels whose centre is this little outside of a triangle, in barycentric terms, count as inside. */
const tolerance = 1e-5;

/** The points of a mesh that lie under the centres of an image's texels. */
export function surfaceTexels(mesh: Mesh, atlas: Atlas, size: number): Texels {
  // Triangle + 1 and the weights of its first two corners, for each texel.
  const owner = new Uint32Array(size * size);
  const weights = new Float32Array(2 * size * size);
  for (let triangle = 0; triangle < atlas.indices.length / 3; triangle++) {
    coverTriangle(atlas, triangle, size, (texel, u, v) => {
      owner[texel] = triangle + 1;
      weights[2 * texel] = u;
      weights[2 * texel + 1] = v;
    });
  }
  const count = owner.reduce((sum, triangle) => sum + Math.min(triangle, 1), 0);
  const texels = new Uint32Array(count);
  const positions = new Float32Array(3 * count);
  const normals = new Float32Array(3 * count);
  let n = 0;
  for (let texel = 0; texel < owner.length; texel++) {
    const triangle = owner[texel]! - 1;
    if (triangle < 0) continue;
    const [u, v] = [weights[2 * texel]!, weights[2 * texel + 1]!];
    const corners = mesh.indices.subarray(3 * triangle, 3 * triangle + 3);
    texels[n] = texel;
    positions.set(blend(mesh.positions, corners, u, v), 3 * n);
    const normal = blend(mesh.normals, corners, u, v);
    const length = Math.hypot(...normal) || 1;
    normals.set([normal[0] / length, normal[1] / length, normal[2] / length], 3 * n);
    n++;
  }
  return { texels, positions, normals };
}

type Vector = [number, number, number];

function blend(values: Float32Array, corners: Uint32Array, u: number, v: number): Vector {
  const [a, b, c] = [3 * corners[0]!, 3 * corners[1]!, 3 * corners[2]!];
  const w = 1 - u - v;
  const at = (axis: number) =>
    u * values[a + axis]! + v * values[b + axis]! + w * values[c + axis]!;
  return [at(0), at(1), at(2)];
}

/** Calls `cover` for the texels whose centres lie in a triangle, with the weights of its first corners. */
function coverTriangle(
  { uvs, indices }: Atlas,
  triangle: number,
  size: number,
  cover: (texel: number, u: number, v: number) => void,
): void {
  // In texels, texel centres at integers.
  const at = (corner: number, axis: number) =>
    size * uvs[2 * indices[3 * triangle + corner]! + axis]! - 0.5;
  const [ax, ay, bx, by, cx, cy] = [at(0, 0), at(0, 1), at(1, 0), at(1, 1), at(2, 0), at(2, 1)];
  const area = (ax - cx) * (by - cy) - (bx - cx) * (ay - cy);
  if (area === 0) return;
  const last = (...values: number[]) => Math.min(Math.floor(Math.max(...values) + 1e-3), size - 1);
  const first = (...values: number[]) => Math.max(Math.ceil(Math.min(...values) - 1e-3), 0);
  const [x0, x1, y0, y1] = [
    first(ax, bx, cx),
    last(ax, bx, cx),
    first(ay, by, cy),
    last(ay, by, cy),
  ];
  for (let y = y0; y <= y1; y++) {
    for (let x = x0; x <= x1; x++) {
      const u = ((x - cx) * (by - cy) - (bx - cx) * (y - cy)) / area;
      const v = ((ax - cx) * (y - cy) - (x - cx) * (ay - cy)) / area;
      if (u >= -tolerance && v >= -tolerance && u + v <= 1 + tolerance) cover(y * size + x, u, v);
    }
  }
}

/**
 * Fills an image from its filled texels outwards, ring by ring: each takes the mean of its neighbours
 * in earlier rings.
 * @param rgb f32 [size, size, 3]; completed.
 * @param filled u8 [size, size]: 1 where `rgb` holds; afterwards everywhere, unless it was nowhere.
 */
export function dilate(rgb: Float32Array, filled: Uint8Array, size: number): void {
  const neighbours = (texel: number) => {
    const [x, y] = [texel % size, Math.floor(texel / size)];
    const found: number[] = [];
    for (let ny = Math.max(y - 1, 0); ny <= Math.min(y + 1, size - 1); ny++) {
      for (let nx = Math.max(x - 1, 0); nx <= Math.min(x + 1, size - 1); nx++) {
        if (nx !== x || ny !== y) found.push(ny * size + nx);
      }
    }
    return found;
  };
  const waiting = 2;
  const ringAround = (inner: readonly number[]) => {
    const ring: number[] = [];
    for (const texel of inner) {
      for (const neighbour of neighbours(texel)) {
        if (filled[neighbour] !== 0) continue;
        filled[neighbour] = waiting;
        ring.push(neighbour);
      }
    }
    return ring;
  };
  let ring = ringAround([...filled.keys()].filter((texel) => filled[texel]));
  while (ring.length > 0) {
    for (const texel of ring) {
      const sources = neighbours(texel).filter((neighbour) => filled[neighbour] === 1);
      for (let c = 0; c < 3; c++) {
        const sum = sources.reduce((total, source) => total + rgb[3 * source + c]!, 0);
        rgb[3 * texel + c] = sum / sources.length;
      }
    }
    for (const texel of ring) filled[texel] = 1;
    ring = ringAround(ring);
  }
}
