// Geometry of one level of the multiresolution hash grid (docs/method.md, hash grid).

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

// Offset of corner 0..7 of a cell: bit 0 is x, bit 1 is y, bit 2 is z.
fn grid_corner(corner: u32) -> vec3u {
  return (vec3u(corner) >> vec3u(0u, 1u, 2u)) & vec3u(1u);
}

// Trilinear weight of a corner.
fn grid_weight(fraction: vec3f, corner: vec3u) -> f32 {
  let w = select(1.0 - fraction, fraction, corner == vec3u(1u));
  return w.x * w.y * w.z;
}

// 3t^2 - 2t^3: weights with a continuous first derivative.
fn grid_smoothstep(fraction: vec3f) -> vec3f {
  return fraction * fraction * (3.0 - 2.0 * fraction);
}

// Table entry of a vertex: its index in a dense level, else the spatial hash of Teschner et al. 2003.
fn grid_entry(level: Level, vertex: vec3u) -> u32 {
  let dense = vertex.x + level.stride * (vertex.y + level.stride * vertex.z);
  let hashed = vertex.x ^ (vertex.y * 2654435761u) ^ (vertex.z * 805459861u);
  return level.offset + select(hashed & level.mask, dense, level.stride != 0u);
}
