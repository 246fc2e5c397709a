// The field on a regular grid, slab by slab, so that memory for points stays bounded whatever the
// grid (docs/method.md, "Mesh"). One thread owns one grid point of the slab.

override resolution: u32;

struct Slab {
  // Linear index of the slab's first grid point.
  first: u32,
  points: u32,
}

@group(0) @binding(0) var<uniform> slab: Slab;
// [capacity]
@group(0) @binding(1) var<storage, read_write> positions: array<vec4f>;
// [n, ceil(n / 64), 1, 1]
@group(0) @binding(2) var<storage, read_write> count: vec4u;
// [capacity] rgb, sigma
@group(0) @binding(3) var<storage, read> values: array<vec4f>;
// [R, R, R], x fastest
@group(0) @binding(4) var<storage, read_write> density: array<f32>;

// Keeps a diverged field's density finite, as interpolation along an edge needs it.
const densest = 1e6;

fn grid_point(at: u32) -> vec3u {
  return vec3u(at % resolution, (at / resolution) % resolution, at / (resolution * resolution));
}

@compute @workgroup_size(64)
fn place(@builtin(global_invocation_id) id: vec3u) {
  if (id.x == 0u) {
    count = vec4u(slab.points, (slab.points + 63u) / 64u, 1u, 1u);
  }
  if (id.x >= slab.points) {
    return;
  }
  let p = vec3f(grid_point(slab.first + id.x));
  positions[id.x] = vec4f(p * (2.0 / f32(resolution - 1u)) - 1.0, 0.0);
}

@compute @workgroup_size(64)
fn store(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= slab.points) {
    return;
  }
  let at = slab.first + id.x;
  let p = grid_point(at);
  let border = any(p == vec3u(0u)) || any(p == vec3u(resolution - 1u));
  let sigma = values[id.x].w;
  // A density that is no number counts as empty, and so does the border, where meshes close.
  density[at] = select(0.0, min(sigma, densest), sigma > 0.0 && !border);
}
