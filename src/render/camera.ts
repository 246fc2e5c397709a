import { streams, uniform } from '../random';

/** A pinhole camera. World right-handed, y up; the object is in the unit sphere, its front to +z. */
export interface Camera {
  /** Camera to world, 4x4 row-major; columns right, up, back (OpenGL's), position. */
  readonly c2w: Float32Array;
  /** Vertical field of view in degrees. */
  readonly fovy: number;
}

/** Where a camera on a sphere about the origin stands; angles in degrees. */
export interface Orbit {
  /** 0 sees the front (from +z), 90 sees from +x. */
  readonly azimuth: number;
  /** Above the horizon; within (-90, 90). */
  readonly elevation: number;
  readonly distance: number;
  readonly fovy: number;
}

const radians = Math.PI / 180;

/** The camera at an orbit's place, looking at the origin, its up in the plane of +y. */
export function orbitCamera({ azimuth, elevation, distance, fovy }: Orbit): Camera {
  const [sinA, cosA] = [Math.sin(azimuth * radians), Math.cos(azimuth * radians)];
  const [sinE, cosE] = [Math.sin(elevation * radians), Math.cos(elevation * radians)];
  const right = [cosA, 0, -sinA];
  const up = [-sinA * sinE, cosE, -cosA * sinE];
  const back = [sinA * cosE, sinE, cosA * cosE];
  const rows = [0, 1, 2].map((i) => [right[i]!, up[i]!, back[i]!, distance * back[i]!]);
  return { c2w: Float32Array.from([...rows.flat(), 0, 0, 0, 1]), fovy };
}

/** Cameras evenly around the object, the first one in front of it: those of a turntable. */
export const ringCameras = (count: number, orbit: Omit<Orbit, 'azimuth'>): Camera[] =>
  Array.from({ length: count }, (_, i) => orbitCamera({ ...orbit, azimuth: (360 * i) / count }));

/** Where the cameras of a step may stand, as a prior's manifest says it. */
type StepOrbits = Pick<Orbit, 'distance' | 'fovy'> & {
  readonly elevation: readonly [low: number, high: number];
  /** One view each, added to the step's azimuth. */
  readonly azimuth_offsets: readonly number[];
};

/**
 * The cameras of a training step, a function of (seed, step) alone: one azimuth drawn from the full
 * circle and one elevation from the range, and from there a view for each azimuth offset.
 */
export function stepCameras(orbits: StepOrbits, seed: number, step: number): Camera[] {
  const { distance, fovy, azimuth_offsets } = orbits;
  const [low, high] = orbits.elevation;
  const azimuth = 360 * uniform(seed, streams.camera, step, 0);
  const elevation = low + (high - low) * uniform(seed, streams.camera, step, 1);
  return azimuth_offsets.map((offset) =>
    orbitCamera({ azimuth: azimuth + offset, elevation, distance, fovy }),
  );
}

/** Camera-to-world matrices one after another [V, 16], row-major, as a denoiser is given them. */
export const cameraMatrices = (cameras: readonly Camera[]): Float32Array =>
  Float32Array.from(cameras.flatMap(({ c2w }) => [...c2w]));

/** Cameras as the shaders' `Camera` struct (shaders/lib/camera.wgsl). */
export const cameraUniforms = (cameras: readonly Camera[]) =>
  cameras.map(({ c2w, fovy }) => {
    const column = (i: number) => [c2w[i], c2w[4 + i], c2w[8 + i]];
    return {
      right: column(0),
      up: column(1),
      back: column(2),
      position: column(3),
      tan_half_fovy: Math.tan((fovy * radians) / 2),
    };
  });

/** The distance at which a sphere of `radius` about the origin just fits a field of view in degrees. */
export function fittingDistance(fovy: number, radius: number): number {
  return radius / Math.sin((fovy * radians) / 2);
}
