// Point samples of a view: `lattice` cells along each of its sides, a sample at the centre of each.

// The cell that a place of a view of `size` pixels falls into, counted from the top left.
fn lattice_cell(place: vec2f, lattice: f32, size: vec2f) -> vec2f {
  return min(floor(place * lattice / size), vec2f(lattice - 1.0));
}
