// The occupancy grid (docs/method.md, "Occupancy"): an estimate of the density in each cell, and a bit
// for each cell that rays must not skip. Müller et al. 2022, appendix E.2.
//   sample     one thread = one cell that touches the ball: a random point of it
//   update     one thread = one such cell: its density decays, or rises to the point's
//   threshold  one workgroup: the lesser of half the mean density and a constant
//   mark       one thread = one word: its cells above the threshold
//   dilate     one thread = one word: marked cells and their 26 neighbours

#include "../lib/random.wgsl"
#include "../lib/occupancy.wgsl"

override resolution: u32;
override cell_count: u32;
override decay: f32;
override max_threshold: f32;
override stream: u32; // of the random numbers

struct Draw {
  seed: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> draw: Draw;
@group(0) @binding(1) var<storage, read> cells: array<u32>; // [cell_count] index of a cell in the cube
@group(0) @binding(2) var<storage, read_write> positions: array<vec4f>; // [cell_count]
@group(0) @binding(3) var<storage, read> values: array<vec4f>; // [cell_count] w = sigma
@group(0) @binding(4) var<storage, read_write> density: array<f32>; // [cell_count]
@group(0) @binding(5) var<storage, read_write> threshold_sigma: f32;
@group(0) @binding(6) var<storage, read_write> marked: array<u32>; // [z, y, words of a row]
@group(0) @binding(7) var<storage, read_write> occupied: array<u32>; // [z, y, words of a row]
@group(0) @binding(8) var<storage, read> ranks: array<u32>; // [z, y, x] index in `cells`, or no_cell

const no_cell = 0xffffffffu;

@compute @workgroup_size(64)
fn sample(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= cell_count {
    return;
  }
  let cell = cells[id.x];
  let corner = vec3u(cell % resolution, cell / resolution % resolution, cell / resolution / resolution);
  let chance = random_uniform4(vec4u(draw.seed, stream, draw.step, cell));
  let position = (vec3f(corner) + chance.xyz) * (2.0 / f32(resolution)) - 1.0;
  positions[id.x] = vec4f(position, 0.0);
}

@compute @workgroup_size(64)
fn update(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= cell_count {
    return;
  }
  density[id.x] = max(decay * density[id.x], values[id.x].w);
}

const lanes = 256u;
var<workgroup> lane_sums: array<f32, lanes>;

@compute @workgroup_size(lanes)
fn threshold(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var i = lane; i < cell_count; i += lanes) {
    sum += density[i];
  }
  lane_sums[lane] = sum;
  workgroupBarrier();
  for (var half = lanes / 2u; half > 0u; half /= 2u) {
    if lane < half {
      lane_sums[lane] += lane_sums[lane + half];
    }
    workgroupBarrier();
  }
  if lane == 0u {
    threshold_sigma = min(0.5 * lane_sums[0] / f32(cell_count), max_threshold);
  }
}

@compute @workgroup_size(64)
fn mark(@builtin(global_invocation_id) id: vec3u) {
  let words = occupancy_words_per_row(resolution);
  let row = id.x / words;
  if row >= resolution * resolution {
    return;
  }
  let first = id.x % words * 32u;
  var word = 0u;
  for (var x = first; x < min(first + 32u, resolution); x++) {
    let rank = ranks[row * resolution + x];
    if rank != no_cell && density[rank] > threshold_sigma {
      word |= 1u << (x - first);
    }
  }
  marked[id.x] = word;
}

@compute @workgroup_size(64)
fn dilate(@builtin(global_invocation_id) id: vec3u) {
  let words = occupancy_words_per_row(resolution);
  let row = id.x / words;
  if row >= resolution * resolution {
    return;
  }
  let column = id.x % words;
  let y = row % resolution;
  let z = row / resolution;
  let last = resolution - 1u;
  var word = 0u;
  for (var near_z = max(z, 1u) - 1u; near_z <= min(z + 1u, last); near_z++) {
    for (var near_y = max(y, 1u) - 1u; near_y <= min(y + 1u, last); near_y++) {
      let at = occupancy_row(near_y, near_z, resolution) + column;
      let here = marked[at];
      word |= here | (here << 1u) | (here >> 1u);
      if column > 0u {
        word |= marked[at - 1u] >> 31u;
      }
      if column + 1u < words {
        word |= marked[at + 1u] << 31u;
      }
    }
  }
  occupied[id.x] = word;
}
