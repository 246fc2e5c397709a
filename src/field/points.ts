/**
 * Packed sample points on the GPU, written by whoever marches, meshes or previews and read by
 * the field. The CPU never learns how many there are.
 */
export interface Points {
  /** array<vec4f>[capacity]: xyz in the coordinates of the unit ball; w is the writer's own. */
  readonly positions: GPUBuffer;
  /**
   * u32[4]: [n, ceil(n / 64), 1, 1] with n <= capacity clamped by the writer. Its usage includes
   * INDIRECT: the arguments of an indirect dispatch start at `indirectOffset`.
   */
  readonly count: GPUBuffer;
  readonly capacity: number;
}

/** Threads per workgroup that `Points.count` is divided by. */
export const pointsPerWorkgroup = 64;

/** Byte offset of the indirect arguments in `Points.count`. */
export const indirectOffset = 4;
