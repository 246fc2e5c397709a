// Geometry of one level of the multiresolution hash grid (docs/method.md, "Hash grid").

struct Level {
  resolution: u32, // cells along an edge, N
  stride: u32,     // vertices along an edge, N + 1, where the level is dense; 0 where it is hashed
  offset: u32,     // first entry of the level in the table
  mask: u32,       // entries - 1 of a hashed level, a power of two less one
}

struct Cell {
  corner: vec3u,   // lowest vertex
  fraction: vec3f, // position inside the cell, in [0, 1]^3
}

// The cell of a position in [-1, 1]^3 (clamped to it).
fn grid_cell(position: vec3f, resolution: u32) -> Cell {
  let scaled = clamp(0.5 * position + 0.5, vec3f(0.0), vec3f(1.0)) * f32(resolution);
  let corner = min(floor(scaled), vec3f(f32(resolution) - 1.0));
  return Cell(vec3u(corner), scaled - corner);
}

// Trilinear weights of a cell's vertices: a column for its lower and its upper face in z; within a
// face (x, y) = (0, 0), (1, 0), (0, 1), (1, 1).
fn grid_weights(fraction: vec3f) -> mat2x4f {
  let x = vec4f(1.0 - fraction.x, fraction.x, 1.0 - fraction.x, fraction.x);
  let y = vec4f(vec2f(1.0 - fraction.y), vec2f(fraction.y));
  let face = x * y;
  return mat2x4f(face * (1.0 - fraction.z), face * fraction.z);
}

// 3t^2 - 2t^3: weights with a continuous first derivative.
fn grid_smoothstep(fraction: vec3f) -> vec3f {
  return fraction * fraction * (3.0 - 2.0 * fraction);
}

// Table entries of the vertices of a cell's face, 0 the lower and 1 the upper, in the order of
// grid_weights: a vertex's index in a dense level, else its hash (Mueller et al. 2022, equation 4).
fn grid_entries(level: Level, corner: vec3u, face: u32) -> vec4u {
  let x = corner.x + vec4u(0u, 1u, 0u, 1u);
  let y = corner.y + vec4u(0u, 0u, 1u, 1u);
  let z = corner.z + face;
  let dense = x + level.stride * (y + level.stride * z);
  let hashed = (x ^ (y * 2654435761u) ^ vec4u(z * 805459861u)) & vec4u(level.mask);
  return level.offset + select(hashed, dense, vec4<bool>(level.stride != 0u));
}
