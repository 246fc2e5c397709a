// Marching cubes with shared vertices: count, exclusive scan, emit (docs/method.md, "Mesh").
// One thread owns one column of grid points along z, as in Flying Edges (Schroeder, Maynard and
// Geveci, LDAV 2015): running counts replace a per-point offset table, and no barrier is needed.
//
// A grid point owns the vertices on the edges that leave it in +x, +y, +z, in that order; columns
// are ordered by y, then x. Points on the grid's border count as empty, so the surface is closed.

override resolution: u32;
override words_per_case: u32;

struct Surface {
  iso: f32,
}

@group(0) @binding(0) var<uniform> surface: Surface;
// [R, R, R], x fastest; finite.
@group(0) @binding(1) var<storage, read> density: array<f32>;
// [256, words_per_case]: the number of triangles, then three edges of each.
@group(0) @binding(2) var<storage, read> cases: array<u32>;
// [R, R] (vertices, triangles) of a column: counts, after scan_columns offsets in the row.
@group(0) @binding(3) var<storage, read_write> columns: array<vec2u>;
// [R + 1] (vertices, triangles) of a row of columns: counts, after scan_rows offsets; then the totals.
@group(0) @binding(4) var<storage, read_write> rows: array<vec2u>;
// [vertices, 3]
@group(0) @binding(5) var<storage, read_write> positions: array<f32>;
// [triangles, 3]
@group(0) @binding(6) var<storage, read_write> indices: array<u32>;

// Vertices keep this distance (in cells) from grid points, so that no triangle collapses.
const margin = 1e-3;

fn value(p: vec3u) -> f32 {
  if (any(p == vec3u(0u)) || any(p >= vec3u(resolution - 1u))) {
    return 0.0;
  }
  return density[(p.z * resolution + p.y) * resolution + p.x];
}

// Which of the 3 x 3 points from (x, y) on, at height z, are inside: bit 3 j + i for (x + i, y + j).
fn level(x: u32, y: u32, z: u32) -> u32 {
  var bits = 0u;
  for (var k = 0u; k < 9u; k++) {
    bits |= u32(value(vec3u(x + k % 3u, y + k / 3u, z)) > surface.iso) << k;
  }
  return bits;
}

// Bit `axis`: the edge that leaves the point in that direction is crossed. `point` is a bit of `level`.
fn crossings(here: u32, above: u32, point: u32) -> u32 {
  let bits = here >> point;
  let x = (bits ^ (bits >> 1u)) & 1u;
  let y = (bits ^ (bits >> 3u)) & 1u;
  let z = (bits ^ (above >> point)) & 1u;
  return x | (y << 1u) | (z << 2u);
}

// The case of the cell between two levels.
fn case_of(here: u32, above: u32) -> u32 {
  let low = (here & 3u) | ((here >> 1u) & 12u);
  let high = (above & 3u) | ((above >> 1u) & 12u);
  return low | (high << 4u);
}

@compute @workgroup_size(8, 8)
fn count(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy >= vec2u(resolution))) {
    return;
  }
  var counts = vec2u(0u);
  var here = level(id.x, id.y, 0u);
  for (var z = 0u; z + 1u < resolution; z++) {
    let above = level(id.x, id.y, z + 1u);
    counts.x += countOneBits(crossings(here, above, 0u));
    counts.y += cases[case_of(here, above) * words_per_case];
    here = above;
  }
  columns[id.y * resolution + id.x] = counts;
}

// One thread per row of columns.
@compute @workgroup_size(64)
fn scan_columns(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= resolution) {
    return;
  }
  var sum = vec2u(0u);
  for (var x = 0u; x < resolution; x++) {
    let at = id.x * resolution + x;
    let counts = columns[at];
    columns[at] = sum;
    sum += counts;
  }
  rows[id.x] = sum;
}

// One thread in all.
@compute @workgroup_size(1)
fn scan_rows() {
  var sum = vec2u(0u);
  for (var y = 0u; y < resolution; y++) {
    let counts = rows[y];
    rows[y] = sum;
    sum += counts;
  }
  rows[resolution] = sum;
}

fn first(x: u32, y: u32) -> vec2u {
  return rows[y] + columns[y * resolution + x];
}

fn emit_vertex(vertex: u32, p: vec3u, axis: u32) {
  var step = vec3u(0u);
  step[axis] = 1u;
  let a = value(p);
  let t = clamp((surface.iso - a) / (value(p + step) - a), margin, 1.0 - margin);
  let position = (vec3f(p) + t * vec3f(step)) * (2.0 / f32(resolution - 1u)) - 1.0;
  positions[3u * vertex] = position.x;
  positions[3u * vertex + 1u] = position.y;
  positions[3u * vertex + 2u] = position.z;
}

@compute @workgroup_size(8, 8)
fn emit(@builtin(global_invocation_id) id: vec3u) {
  if (any(id.xy + 1u >= vec2u(resolution))) {
    return;
  }
  // Next vertex of the columns at (x, y), (x + 1, y), (x, y + 1), (x + 1, y + 1).
  let start = first(id.x, id.y);
  var vertex = array<u32, 4>(
    start.x,
    first(id.x + 1u, id.y).x,
    first(id.x, id.y + 1u).x,
    first(id.x + 1u, id.y + 1u).x,
  );
  var word = 3u * start.y;
  var here = level(id.x, id.y, 0u);
  for (var z = 0u; z + 1u < resolution; z++) {
    let above = level(id.x, id.y, z + 1u);
    let own = crossings(here, above, 0u);
    var next = vertex[0];
    for (var axis = 0u; axis < 3u; axis++) {
      if (((own >> axis) & 1u) == 1u) {
        emit_vertex(next, vec3u(id.xy, z), axis);
        next++;
      }
    }
    let row = case_of(here, above) * words_per_case;
    let corners = 3u * cases[row];
    for (var k = 0u; k < corners; k++) {
      let edge = cases[row + 1u + k];
      let axis = edge >> 2u;
      // The grid point that owns the edge, as an offset from the cell's lowest corner.
      var owner = vec3u(0u);
      owner[(axis + 1u) % 3u] = edge & 1u;
      owner[(axis + 2u) % 3u] = (edge >> 1u) & 1u;
      let point = owner.x + 3u * owner.y;
      let below = crossings(here, above, point);
      var index = vertex[owner.x + 2u * owner.y];
      var mask = below;
      if (owner.z == 1u) {
        // Edges along z are never owned by an upper corner: what lies above it does not matter.
        index += countOneBits(below);
        mask = crossings(above, above, point);
      }
      indices[word] = index + countOneBits(mask & ((1u << axis) - 1u));
      word++;
    }
    for (var j = 0u; j < 4u; j++) {
      vertex[j] += countOneBits(crossings(here, above, (j & 1u) + 3u * (j >> 1u)));
    }
    here = above;
  }
}
