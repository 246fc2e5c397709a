// Multiresolution hash grid (Mueller et al. 2022; docs/method.md, "Hash grid"): L levels of two
// features, interpolated at points in the unit ball.
//
// schedule  one thread: the indirect arguments of the two kernels below
// forward   one thread = (point, level), the level in the slow index so that one level's entries
//           are in cache at a time
// backward  one thread = (run of consecutive points, level). Points along a ray share coarse cells:
//           a thread sums what falls into one cell and scatters when it leaves it
// advance   one thread: after the backward of one of several sets of points that are to be grouped
//           into runs as if they were one
// restart   one thread: after the last of them
// copy      one thread = a strided share of the table: what `forward` reads of it, after a write

#include "../lib/hash.wgsl"
#include "../lib/fixed_point.wgsl"
#include "../lib/half.wgsl"

override levels: u32;
override capacity: u32;
override smooth_weights: bool;
override run: u32; // consecutive points of one thread of backward

struct Grid {
  level: array<Level, 16>,
  active_levels: f32, // levels below it take part; the level that it lies in, in part
}

@group(0) @binding(0) var<uniform> grid: Grid;
@group(0) @binding(1) var<storage, read> count: vec4u;
@group(0) @binding(2) var<storage, read> positions: array<vec4f>;       // [capacity]
@group(0) @binding(3) var<storage, read> halves: array<u32>;            // [entries], two f16 each
@group(0) @binding(4) var<storage, read_write> features: array<vec2f>;  // [L / 2, capacity, 2]
@group(0) @binding(5) var<storage, read> feature_gradient: array<vec2f>; // as features
@group(0) @binding(6) var<storage, read> quanta: array<f32>;            // [L], a gradient's unit
@group(0) @binding(7) var<storage, read_write> table_gradient: array<atomic<i32>>; // [entries, 2]
@group(0) @binding(8) var<storage, read_write> forward_groups: vec3u;
@group(0) @binding(9) var<storage, read_write> backward_groups: vec3u;
@group(0) @binding(10) var<storage, read_write> passed: u32; // points of earlier sets, modulo run
@group(0) @binding(11) var<storage, read> table: array<vec2f>;          // [entries]
@group(0) @binding(12) var<storage, read_write> copied: array<u32>;     // halves

fn feature_index(point: u32, level: u32) -> u32 {
  return ((level / 2u) * capacity + point) * 2u + level % 2u;
}

fn level_weight(level: u32) -> f32 {
  return clamp(grid.active_levels - f32(level), 0.0, 1.0);
}

fn interpolation(cell: Cell) -> vec3f {
  if (smooth_weights) { return grid_smoothstep(cell.fraction); }
  return cell.fraction;
}

@compute @workgroup_size(1)
fn schedule() {
  let active_count = min(u32(ceil(max(grid.active_levels, 0.0))), levels);
  let points_per_group = 64u * run;
  let reached = count.x + passed;
  forward_groups = vec3u(count.y, levels, 1u);
  backward_groups = vec3u((reached + points_per_group - 1u) / points_per_group, active_count, 1u);
}

@compute @workgroup_size(1)
fn advance() {
  passed = (passed + count.x) % run;
}

@compute @workgroup_size(1)
fn restart() {
  passed = 0u;
}

@compute @workgroup_size(64)
fn copy(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var i = id.x; i < arrayLength(&table); i += 64u * groups.x) {
    copied[i] = to_halves(table[i]);
  }
}

// Sum of a face's entries by weight.
fn gather(entries: vec4u, weights: vec4f) -> vec2f {
  return weights.x * unpack2x16float(halves[entries.x])
    + weights.y * unpack2x16float(halves[entries.y])
    + weights.z * unpack2x16float(halves[entries.z])
    + weights.w * unpack2x16float(halves[entries.w]);
}

// Adds to a face's entries: `first` and `second` hold one feature of each.
fn scatter(entries: vec4u, first: vec4f, second: vec4f, scale: f32) {
  let a = to_fixed_point(first, scale);
  let b = to_fixed_point(second, scale);
  atomicAdd(&table_gradient[2u * entries.x], a.x);
  atomicAdd(&table_gradient[2u * entries.x + 1u], b.x);
  atomicAdd(&table_gradient[2u * entries.y], a.y);
  atomicAdd(&table_gradient[2u * entries.y + 1u], b.y);
  atomicAdd(&table_gradient[2u * entries.z], a.z);
  atomicAdd(&table_gradient[2u * entries.z + 1u], b.z);
  atomicAdd(&table_gradient[2u * entries.w], a.w);
  atomicAdd(&table_gradient[2u * entries.w + 1u], b.w);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let point = id.x;
  if (point >= count.x) { return; }
  let level = grid.level[id.y];
  let cell = grid_cell(positions[point].xyz, level.resolution);
  let weights = grid_weights(interpolation(cell));
  let sum = gather(grid_entries(level, cell.corner, 0u), weights[0])
    + gather(grid_entries(level, cell.corner, 1u), weights[1]);
  features[feature_index(point, id.y)] = level_weight(id.y) * sum;
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let start = max(id.x * run, passed) - passed;
  if (start >= count.x) { return; }
  let end = min((id.x + 1u) * run - passed, count.x);
  let level = grid.level[id.y];
  let level_share = level_weight(id.y);
  let scale = fixed_point_scale(quanta[id.y]);
  var held = vec3u(0u);
  var holds = false;
  var first: mat2x4f; // of the cell that is held, in the order of grid_weights
  var second: mat2x4f;
  for (var point = start; point <= end; point++) {
    var gradient = vec2f(0.0);
    var cell = Cell(held, vec3f(0.0));
    if (point < end) {
      gradient = level_share * feature_gradient[feature_index(point, id.y)];
      if (all(gradient == vec2f(0.0))) { continue; }
      cell = grid_cell(positions[point].xyz, level.resolution);
    }
    if (holds && (point == end || any(cell.corner != held))) {
      scatter(grid_entries(level, held, 0u), first[0], second[0], scale);
      scatter(grid_entries(level, held, 1u), first[1], second[1], scale);
      first = mat2x4f();
      second = mat2x4f();
    }
    held = cell.corner;
    holds = true;
    let weights = grid_weights(interpolation(cell));
    first += gradient.x * weights;
    second += gradient.y * weights;
  }
}
