// Cells of the occupancy grid: resolution^3 over the cube [-1, 1]^3. A row along x is a whole number
// of 32-bit words, one bit a cell, so that neighbours in x are shifts.

fn occupancy_cell(position: vec3f, resolution: u32) -> vec3u {
  let scaled = (position + 1.0) * (0.5 * f32(resolution));
  return vec3u(clamp(vec3i(floor(scaled)), vec3i(0), vec3i(i32(resolution) - 1)));
}

fn occupancy_words_per_row(resolution: u32) -> u32 {
  return (resolution + 31u) / 32u;
}

// Index of the first word of the row (y, z).
fn occupancy_row(y: u32, z: u32, resolution: u32) -> u32 {
  return (z * resolution + y) * occupancy_words_per_row(resolution);
}
