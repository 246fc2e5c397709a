import { pcg4d, streams } from '../../src/random';
import { type Frame, type RayShape, subpixelGrid } from '../../src/render/march';
import { along, ballInterval, cameraRay, dot, type Ray, type Vec3 } from './camera';

export interface RaySamples {
  readonly samples: readonly { readonly position: Vec3; readonly t: number }[];
  /** A step lies so close to a cell's face or to the ball that f32 may decide otherwise. */
  readonly close: boolean;
}

/** Index along one axis of the cell that holds a coordinate. */
export const cellOf = (x: number, resolution: number) =>
  Math.min(Math.max(Math.floor(((x + 1) / 2) * resolution), 0), resolution - 1);

const closestApproach = (ray: Ray) => {
  const b = dot(ray.origin, ray.direction);
  return Math.sqrt(dot(ray.origin, ray.origin) - b * b);
};

/** Samples of each ray in (view, row, column, ray of the pixel) order; `occupied` by cell. */
export function march(
  shape: RayShape,
  { cameras, seed, step, jitter = true }: Frame,
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
          const px = x + ((s % columns) + b!) / columns;
          const py = y + (Math.floor(s / columns) + c!) / rows;
          const ray = cameraRay(cameras[v]!, px, py, width, height);
          const { near, far } = ballInterval(ray);
          let close = Math.abs(closestApproach(ray) - 1) < 1e-4;
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
