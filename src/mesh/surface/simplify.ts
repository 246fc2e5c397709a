import type { MeshoptSimplifier } from 'meshoptimizer/simplifier';
import { LimbeckError } from '../../errors';
import type { Mesh } from './extract';
import { nonManifoldVertices } from './manifold';
import { vertexNormals } from './normals';

export interface SimplifyOptions {
  /** Triangles to come down to. Default: as few as `error` allows. */
  readonly triangles?: number;
  /** Largest change in appearance, as a distance in units of the field. Default: any. */
  readonly error?: number;
}

/** The fewest triangles of a closed mesh: a tetrahedron's. */
const fewestTriangles = 4;
/** Floats per vertex beside its position: normal, colour. */
const attributeStride = 6;
/**
 * A change of 1 / weight in an attribute over a distance counts as a shift by that distance. At 0.2
 * edges between colours stay where they are, and surfaces are hardly further off than without.
 */
const attributeWeights = Array<number>(attributeStride).fill(0.2);
/** Attempts at one halving, with more and more vertices locked. */
const attempts = 8;
/** A halving that leaves more than this share of the triangles ends the simplification. */
const stalled = 0.9;

type Simplifier = typeof MeshoptSimplifier;

interface Draft {
  /** f32 [vertices, 3] */
  readonly positions: Float32Array;
  /** f32 [vertices, attributeStride] */
  readonly attributes: Float32Array;
  readonly indices: Uint32Array;
}

/**
 * A mesh with fewer triangles that looks alike: edges collapse in the order of a quadric error over
 * position, normal and colour (meshoptimizer; Garland and Heckbert, SIGGRAPH 1997; Hoppe, Vis 1999).
 * A closed manifold stays one. Where collapses would pinch thin parts together, those parts keep more
 * triangles, and the result can then have more than asked for. The same input gives the same mesh.
 *
 * @throws LimbeckError for fewer than 4 triangles or a negative error.
 */
export async function simplifyMesh(
  mesh: Mesh,
  { triangles = fewestTriangles, error = Number.MAX_VALUE }: SimplifyOptions,
): Promise<Mesh> {
  if (!Number.isInteger(triangles) || triangles < fewestTriangles) {
    throw new LimbeckError(
      `A mesh can be simplified to ${fewestTriangles} triangles or more, not to ${triangles}.`,
      'Choose a whole number from there on.',
    );
  }
  if (!(error >= 0)) throw new RangeError(`The error of a simplification must be >= 0: ${error}.`);
  if (mesh.indices.length <= 3 * triangles) return mesh;
  const { MeshoptSimplifier: simplifier } = await import('meshoptimizer/simplifier');
  await simplifier.ready;
  const { positions, attributes, indices } = reduce(
    simplifier,
    draftOf(mesh),
    3 * triangles,
    Math.min(error, 1e10),
  );
  return { positions, indices, ...appearance(positions, attributes, indices) };
}

/**
 * Goes to the target at once if the result is a manifold. Otherwise halves the mesh with its
 * troublesome parts locked and tries again from there: those parts are then coarser.
 */
function reduce(simplifier: Simplifier, mesh: Draft, target: number, error: number): Draft {
  let current = mesh;
  for (;;) {
    const unlocked = new Uint8Array(current.positions.length / 3);
    const direct = collapse(simplifier, current, target, error, unlocked);
    if (direct.flaws.length === 0 && direct.indices.length > 0) return compact(simplifier, direct);
    const half = Math.max(target, 3 * Math.floor(current.indices.length / 6));
    const halved = halve(simplifier, current, half, error);
    if (!halved) return current;
    const share = halved.indices.length / current.indices.length;
    current = halved;
    // The simplifier may go a little below what it is asked for.
    if (share > stalled || current.indices.length <= target) return current;
  }
}

/** One halving; undefined when no attempt gives a manifold. */
function halve(simplifier: Simplifier, mesh: Draft, target: number, error: number) {
  const locks = new Uint8Array(mesh.positions.length / 3);
  for (let attempt = 0; attempt < attempts; attempt++) {
    const result = collapse(simplifier, mesh, target, error, locks);
    if (result.indices.length === 0) return undefined;
    if (result.flaws.length === 0) return compact(simplifier, result);
    lockAround(locks, result.flaws, mesh.indices, attempt + 1);
  }
  return undefined;
}

/** Runs the simplifier; its indices are those of the input, whose vertices it moves. */
function collapse(
  simplifier: Simplifier,
  mesh: Draft,
  target: number,
  error: number,
  locks: Uint8Array,
): Draft & { readonly flaws: Uint32Array } {
  const positions = mesh.positions.slice();
  const attributes = mesh.attributes.slice();
  const indices = mesh.indices.slice();
  const [length] = simplifier.simplifyWithUpdate(
    indices,
    positions,
    3,
    attributes,
    attributeStride,
    attributeWeights,
    locks,
    target,
    error,
    ['ErrorAbsolute'],
  );
  const kept = indices.slice(0, length);
  const flaws = nonManifoldVertices(kept, locks.length);
  return { positions, attributes, indices: kept, flaws };
}

/** Locks the vertices and those up to `rings` edges away. */
function lockAround(locks: Uint8Array, from: Uint32Array, indices: Uint32Array, rings: number) {
  let reached = new Uint8Array(locks.length);
  for (const vertex of from) reached[vertex] = 1;
  for (let ring = 0; ring < rings; ring++) {
    const wider = reached.slice();
    for (let i = 0; i < indices.length; i += 3) {
      const corners = indices.subarray(i, i + 3);
      if (corners.some((corner) => reached[corner])) for (const c of corners) wider[c] = 1;
    }
    reached = wider;
  }
  for (let vertex = 0; vertex < locks.length; vertex++) locks[vertex]! |= reached[vertex]!;
}

/** The mesh without its unused vertices, the others in the order of first use. */
function compact(simplifier: Simplifier, { positions, attributes, indices }: Draft): Draft {
  const renumbered = indices.slice();
  const [remap, count] = simplifier.compactMesh(renumbered);
  const pick = (values: Float32Array, stride: number) => {
    const picked = new Float32Array(count * stride);
    for (let vertex = 0; vertex < remap.length; vertex++) {
      const to = remap[vertex]!;
      if (to < count) {
        picked.set(values.subarray(vertex * stride, (vertex + 1) * stride), to * stride);
      }
    }
    return picked;
  };
  return {
    positions: pick(positions, 3),
    attributes: pick(attributes, attributeStride),
    indices: renumbered,
  };
}

/**
 * Normals and colours from attributes that the simplifier has moved along. Its normals are those of
 * the finer surface, and shade better than the coarse triangles' own.
 */
function appearance(positions: Float32Array, attributes: Float32Array, indices: Uint32Array) {
  const normals = vertexNormals({ positions, indices });
  const colours = new Float32Array(positions.length);
  for (let vertex = 0; vertex < positions.length / 3; vertex++) {
    const row = attributes.subarray(vertex * attributeStride, (vertex + 1) * attributeStride);
    const [x, y, z, ...colour] = row as unknown as [number, number, number, ...number[]];
    const length = Math.hypot(x, y, z);
    if (length > 0.1) normals.set([x / length, y / length, z / length], 3 * vertex);
    colours.set(
      colour.map((value) => Math.min(Math.max(value, 0), 1)),
      3 * vertex,
    );
  }
  return { normals, colours };
}

function draftOf({ positions, normals, colours, indices }: Mesh): Draft {
  const attributes = new Float32Array((positions.length / 3) * attributeStride);
  for (let vertex = 0; vertex < positions.length / 3; vertex++) {
    const row = [3 * vertex, 3 * vertex + 3] as const;
    attributes.set(normals.subarray(...row), vertex * attributeStride);
    attributes.set(colours.subarray(...row), vertex * attributeStride + 3);
  }
  return { positions, attributes, indices };
}
