// Turns rays into packed points (docs/method.md, "Rays and samples").
//   count        one thread = one ray: which of its steps lie in occupied cells (a bit mask), how many
//   scan_chunks  one thread = one chunk of 64 rays: offsets within the chunk, in ray order
//   scan_totals  one workgroup: offsets of the chunks, number of points clamped to the capacity
//   place        one thread = one ray: positions of its points, w = distance along the ray
//   next_tile    one thread: moves on to the next tile, back to the first after the last
// A ray is (view, row, column, ray of the pixel), in this order. Rays are marched in tiles of
// `tile_rays`. No atomics: points are in ray order, run after run.

#include "../lib/random.wgsl"
#include "../lib/camera.wgsl"
#include "../lib/occupancy.wgsl"
#include "../lib/lattice.wgsl"

override tile_rays: u32; // a multiple of 64 and of the rays of a pixel
override width: u32;
override height: u32;
override samples_per_ray: u32;
override mask_words: u32; // ceil(samples_per_ray / 32)
override capacity: u32;
override occupancy_resolution: u32;
override stream: u32; // of the random numbers

struct Frame {
  cameras: array<Camera, 128>,
  seed: u32,
  step: u32,
  jitter: u32, // 0: steps and rays at the centres of their cells
  rays: u32, // of all views
  ray_columns: u32, // the rays of a pixel: ray_rows x ray_columns cells of it
  ray_rows: u32,
  lattice: u32, // cells along a view's side through whose centres alone rays go; 0: they go anywhere
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> occupancy: array<u32>;
@group(0) @binding(2) var<storage, read_write> masks: array<u32>; // [tile_rays, mask_words]
@group(0) @binding(3) var<storage, read_write> ray_points: array<vec2u>; // [tile_rays] (offset, count)
@group(0) @binding(4) var<storage, read_write> totals: array<u32>; // [tile_rays / 64]
@group(0) @binding(5) var<storage, read_write> positions: array<vec4f>; // [capacity]
@group(0) @binding(6) var<storage, read_write> point_count: vec4u; // n, then indirect arguments
@group(0) @binding(7) var<storage, read_write> demand: vec2u; // points asked for: last, most ever
@group(0) @binding(8) var<storage, read_write> tile: u32; // the first ray of the tile

struct Steps {
  ray: Ray,
  start: f32, // distance of step 0
  far: f32,
}

fn step_length() -> f32 {
  return 2.0 / f32(samples_per_ray);
}

fn steps_of(ray_index: u32) -> Steps {
  let rays_per_pixel = frame.ray_columns * frame.ray_rows;
  let ray_in_pixel = ray_index % rays_per_pixel;
  let pixel = ray_index / rays_per_pixel;
  let view = pixel / (width * height);
  var chance = vec4f(0.5);
  if frame.jitter != 0u {
    chance = ray_chance(frame.seed, stream, frame.step, ray_index);
  }
  let corner = vec2f(f32(pixel % width), f32(pixel / width % height));
  let cell = vec2f(f32(ray_in_pixel % frame.ray_columns), f32(ray_in_pixel / frame.ray_columns));
  let inside = (cell + chance.yz) / vec2f(f32(frame.ray_columns), f32(frame.ray_rows));
  let size = vec2f(f32(width), f32(height));
  var place = corner + inside;
  if frame.lattice > 0u {
    let lattice = f32(frame.lattice);
    place = (lattice_cell(place, lattice, size) + 0.5) * size / lattice;
  }
  let ray = camera_ray(frame.cameras[view], place, size);
  let interval = ball_interval(ray);
  return Steps(ray, interval.x + chance.x * step_length(), interval.y);
}

fn occupied(position: vec3f) -> bool {
  let cell = occupancy_cell(position, occupancy_resolution);
  let word = occupancy[occupancy_row(cell.y, cell.z, occupancy_resolution) + cell.x / 32u];
  return extractBits(word, cell.x % 32u, 1u) == 1u;
}

@compute @workgroup_size(64)
fn count(@builtin(global_invocation_id) id: vec3u) {
  let slot = id.x;
  if slot >= tile_rays {
    return;
  }
  var found = 0u;
  if tile + slot < frame.rays {
    let steps = steps_of(tile + slot);
    for (var word = 0u; word < mask_words; word++) {
      var mask = 0u;
      for (var bit = 0u; bit < 32u; bit++) {
        let i = word * 32u + bit;
        let t = steps.start + f32(i) * step_length();
        if t >= steps.far || i >= samples_per_ray {
          break;
        }
        if occupied(steps.ray.origin + t * steps.ray.direction) {
          mask |= 1u << bit;
        }
      }
      masks[slot * mask_words + word] = mask;
      found += countOneBits(mask);
    }
  }
  ray_points[slot] = vec2u(0u, found);
}

@compute @workgroup_size(64)
fn scan_chunks(@builtin(global_invocation_id) id: vec3u) {
  let chunk = id.x;
  if chunk >= tile_rays / 64u {
    return;
  }
  var offset = 0u;
  for (var slot = chunk * 64u; slot < (chunk + 1u) * 64u; slot++) {
    ray_points[slot].x = offset;
    offset += ray_points[slot].y;
  }
  totals[chunk] = offset;
}

const scan_lanes = 256u;
var<workgroup> lane_sums: array<u32, scan_lanes>;

@compute @workgroup_size(scan_lanes)
fn scan_totals(@builtin(local_invocation_index) lane: u32) {
  let chunks = tile_rays / 64u;
  let share = (chunks + scan_lanes - 1u) / scan_lanes;
  let first = min(lane * share, chunks);
  let end = min(first + share, chunks);
  var sum = 0u;
  for (var chunk = first; chunk < end; chunk++) {
    sum += totals[chunk];
  }
  lane_sums[lane] = sum;
  workgroupBarrier();
  for (var reach = 1u; reach < scan_lanes; reach *= 2u) {
    var before = 0u;
    if lane >= reach {
      before = lane_sums[lane - reach];
    }
    workgroupBarrier();
    lane_sums[lane] += before;
    workgroupBarrier();
  }
  var offset = lane_sums[lane] - sum;
  for (var chunk = first; chunk < end; chunk++) {
    let total = totals[chunk];
    totals[chunk] = offset;
    offset += total;
  }
  if lane == scan_lanes - 1u {
    let n = min(offset, capacity);
    point_count = vec4u(n, (n + 63u) / 64u, 1u, 1u);
    demand = vec2u(offset, max(demand.y, offset));
  }
}

@compute @workgroup_size(64)
fn place(@builtin(global_invocation_id) id: vec3u) {
  let slot = id.x;
  if slot >= tile_rays {
    return;
  }
  let found = ray_points[slot];
  let offset = min(found.x + totals[slot / 64u], capacity);
  let kept = min(found.y, capacity - offset);
  ray_points[slot] = vec2u(offset, kept);
  if kept == 0u {
    return;
  }
  let steps = steps_of(tile + slot);
  var placed = 0u;
  for (var word = 0u; word < mask_words; word++) {
    var mask = masks[slot * mask_words + word];
    while (mask != 0u && placed < kept) {
      let i = word * 32u + firstTrailingBit(mask);
      let t = steps.start + f32(i) * step_length();
      positions[offset + placed] = vec4f(steps.ray.origin + t * steps.ray.direction, t);
      placed++;
      mask &= mask - 1u;
    }
  }
}

@compute @workgroup_size(1)
fn next_tile() {
  tile = select(tile + tile_rays, 0u, tile + tile_rays >= frame.rays);
}
