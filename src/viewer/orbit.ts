import type { OrbitMove } from '../protocol/messages';

/** Where the viewer's camera stands on a sphere about the origin; angles in degrees. */
export interface OrbitState {
  /** 0 sees the front (from +z), 90 sees from +x; unbounded, so that a full turn is a turn. */
  readonly azimuth: number;
  /** Above the horizon. */
  readonly elevation: number;
  readonly distance: number;
}

export interface OrbitBounds {
  readonly elevation: readonly [lowest: number, highest: number];
  readonly distance: readonly [nearest: number, farthest: number];
}

/** Degrees that a drag over the pane's whole height turns. */
const dragTurn = 200;

/** The orbit after a movement: the object follows the pointer. */
export function moved(orbit: OrbitState, move: OrbitMove, bounds: OrbitBounds): OrbitState {
  const [x, y] = move.drag;
  return {
    azimuth: orbit.azimuth - dragTurn * x,
    elevation: clamp(orbit.elevation + dragTurn * y, bounds.elevation),
    distance: clamp(orbit.distance * move.zoom, bounds.distance),
  };
}

/**
 * The orbit on its way to `target` after `seconds`: the way left halves every `halfLife` seconds,
 * however the time is cut into frames. It arrives exactly once it is too near to tell.
 */
export function eased(
  orbit: OrbitState,
  target: OrbitState,
  seconds: number,
  halfLife: number,
): OrbitState {
  const left = 2 ** (-seconds / halfLife);
  const toward = (from: number, to: number) => to + (from - to) * left;
  const next = {
    azimuth: toward(orbit.azimuth, target.azimuth),
    elevation: toward(orbit.elevation, target.elevation),
    distance: toward(orbit.distance, target.distance),
  };
  return arrived(next, target) ? target : next;
}

/** Whether two orbits look the same: a twentieth of a degree, a thousandth of the distance. */
function arrived(a: OrbitState, b: OrbitState): boolean {
  return (
    Math.abs(a.azimuth - b.azimuth) < 0.05 &&
    Math.abs(a.elevation - b.elevation) < 0.05 &&
    Math.abs(a.distance / b.distance - 1) < 1e-3
  );
}

const clamp = (value: number, [low, high]: readonly [number, number]) =>
  Math.min(high, Math.max(low, value));
