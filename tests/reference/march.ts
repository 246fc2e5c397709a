import { pcg4d, streams } from '../../src/random';
import { type Frame, type RayShape, subpixelGrid } from '../../src/render/march';
import { along, ballInterval, cameraRay, dot, type Ray, type Vec3 } from './camera';

export interface RaySamples {
  readonly samples: readonly { readonly position: Vec3; readonly t: number }[];
  /** A step lies so close to a cell's face or to the ball that f32 may decide otherwise. */
  readonly close: boolean;
}

/** Index along one axis of the cell that holds a coordinate. */
const cellOf = (x: number, resolution: number) =>
  Math.min(Math.max(Math.floor(((x + 1) / 2) * resolution), 0), resolution - 1);

const closestApproach = (ray: Ray) => {
  const b = dot(ray.origin, ray.direction);
  return Math.sqrt(dot(ray.origin, ray.origin) - b * b);
};

/** The centre of the lattice's cell that a coordinate falls into. */
const centre = (place: number, size: number, lattice: number) =>
  ((Math.floor((place * lattice) / size) + 0.5) * size) / lattice;

const onEdge = (place: number, size: number, lattice: number) => {
  const cells = (place * lattice) / size;
  return Math.abs(cells - Math.round(cells)) < 1e-4;
};

/** Samples of each ray in (view, row, column, ray of the pixel) order; `occupied` by cell. */
export function march(
  shape: RayShape,
  { cameras, seed, step, jitter = true, lattice = 0 }: Frame,
  resolution: number,
  occupied: (x: number, y: number, z: number) => boolean,
  margin = 5e-6,
): RaySamples[] {
  const { views, width, height, raysPerPixel, samplesPerRay } = shape;
  const { rows, columns } = subpixelGrid(raysPerPixel);
  const dt = 2 / samplesPerRay;
  const rays: RaySamples[] = [];
  for (let v = 0; v < views; v++) {
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        for (let s = 0; s < raysPerPixel; s++) {
          const drawn = pcg4d([seed, streams.march, step, rays.length]);
          const [a, b, c] = drawn.map((n) => (jitter ? (n >>> 8) / 2 ** 24 : 0.5));
          const drawnX = x + ((s % columns) + b!) / columns;
          const drawnY = y + (Math.floor(s / columns) + c!) / rows;
          const px = lattice ? centre(drawnX, width, lattice) : drawnX;
          const py = lattice ? centre(drawnY, height, lattice) : drawnY;
          const ray = cameraRay(cameras[v]!, px, py, width, height);
          const { near, far } = ballInterval(ray);
          let close = Math.abs(closestApproach(ray) - 1) < 1e-4;
          if (lattice) close ||= onEdge(drawnX, width, lattice) || onEdge(drawnY, height, lattice);
          const samples = [];
          for (let i = 0; i < samplesPerRay; i++) {
            const t = near + (i + a!) * dt;
            close ||= Math.abs(t - far) < margin;
            if (t >= far) break;
            const position = along(ray, t);
            close ||= position.some((p) => {
              const scaled = ((p + 1) / 2) * resolution;
              return Math.abs(scaled - Math.round(scaled)) < (margin * resolution) / 2;
            });
            const [cx, cy, cz] = position.map((p) => cellOf(p, resolution));
            if (occupied(cx!, cy!, cz!)) samples.push({ position, t });
          }
          rays.push({ samples, close });
        }
      }
    }
  }
  return rays;
}
