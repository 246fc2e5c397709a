// Adam (Kingma and Ba 2015) over one group of parameters (docs/method.md, "Adam"). A group's
// gradient is f32, or i32 fixed point with one unit (quantum) for each segment.
//
// measure  one thread = a strided share of a segment: partial sums for `finish`
// finish   one workgroup: the group's gradient norm, and the counts of all groups so far
// update   one thread = a strided share of a segment: parameters and their copy, moments; clears the
//          gradient. Leaves all but that alone when any gradient of this step was not finite

#include "../lib/fixed_point.wgsl"
#include "../lib/half.wgsl"

override fixed_point: bool;
override copied: bool;  // `halves` is a copy of the parameters
override group: u32;    // index in Stats.norms; group 0 resets the counts
override partials: u32; // workgroups of `measure`
override stride: u32;   // workgroups of one segment

// A stretch of the group, in blocks of four words.
struct Segment {
  @size(8) first: u32,
  @size(8) blocks: u32,
}

struct Segments {
  segment: array<Segment, 16>,
}

struct Step {
  rate: f32,        // learning rate / (1 - beta1^t)
  beta1: f32,
  beta2: f32,
  correction: f32,  // 1 / (1 - beta2^t)
  epsilon: f32,
}

struct Partial {
  squares: f32,
  non_finite: u32,
  saturations: u32,
}

struct Stats {
  non_finite: u32,
  saturations: u32,
  norms: array<f32>,
}

@group(0) @binding(0) var<uniform> settings: Step;
@group(0) @binding(1) var<uniform> segments: Segments;
@group(0) @binding(2) var<storage, read_write> parameters: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> gradient: array<vec4i>; // or the bits of f32
@group(0) @binding(4) var<storage, read> quanta: array<f32>;           // [segments]
@group(0) @binding(5) var<storage, read_write> first_moment: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> second_moment: array<vec4f>;
@group(0) @binding(7) var<storage, read_write> partial_sums: array<Partial>; // [partials]
@group(0) @binding(8) var<storage, read_write> stats: Stats;
@group(0) @binding(9) var<storage, read_write> halves: array<vec2u>;   // as parameters, in f16

fn decode(word: vec4i, quantum: f32) -> vec4f {
  if (fixed_point) { return vec4f(word) * quantum; }
  return bitcast<vec4f>(word);
}

var<workgroup> shared_partial: array<Partial, 64>;

// The workgroup's sum in the order of its threads; valid in thread 0.
fn workgroup_sum(own: Partial, thread: u32) -> Partial {
  shared_partial[thread] = own;
  workgroupBarrier();
  var sum = Partial();
  if (thread == 0u) {
    for (var i = 0u; i < 64u; i++) { add(&sum, shared_partial[i]); }
  }
  return sum;
}

fn add(sum: ptr<function, Partial>, term: Partial) {
  sum.squares += term.squares;
  sum.non_finite += term.non_finite;
  sum.saturations += term.saturations;
}

@compute @workgroup_size(64)
fn measure(
  @builtin(workgroup_id) place: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let segment = segments.segment[place.y];
  var quantum = 1.0;
  if (fixed_point) { quantum = quanta[place.y]; }
  var sum = Partial();
  // An infinite quantum stands for a gradient that overflowed before it was summed.
  sum.non_finite = u32(is_non_finite(quantum) && place.x == 0u && thread == 0u);
  for (var i = place.x * 64u + thread; i < segment.blocks; i += 64u * stride) {
    let word = gradient[segment.first + i];
    let g = decode(word, quantum);
    sum.squares += dot(g, g);
    if (fixed_point) {
      sum.saturations += count_of(word > vec4i(fixed_point_limit));
      sum.saturations += count_of(word < vec4i(-fixed_point_limit));
    } else {
      sum.non_finite += count_of((word & vec4i(0x7f800000)) == vec4i(0x7f800000));
    }
  }
  let total = workgroup_sum(sum, thread);
  if (thread == 0u) { partial_sums[place.y * stride + place.x] = total; }
}

fn count_of(mask: vec4<bool>) -> u32 {
  return dot(select(vec4u(0u), vec4u(1u), mask), vec4u(1u));
}

@compute @workgroup_size(64)
fn finish(@builtin(local_invocation_index) thread: u32) {
  var sum = Partial();
  for (var i = thread; i < partials; i += 64u) { add(&sum, partial_sums[i]); }
  let total = workgroup_sum(sum, thread);
  if (thread == 0u) {
    stats.norms[group] = sqrt(total.squares);
    stats.non_finite = total.non_finite + select(stats.non_finite, 0u, group == 0u);
    stats.saturations = total.saturations + select(stats.saturations, 0u, group == 0u);
  }
}

@compute @workgroup_size(64)
fn update(
  @builtin(workgroup_id) place: vec3u,
  @builtin(local_invocation_index) thread: u32,
) {
  let segment = segments.segment[place.y];
  var quantum = 1.0;
  if (fixed_point) { quantum = quanta[place.y]; }
  let skips = stats.non_finite > 0u;
  for (var i = place.x * 64u + thread; i < segment.blocks; i += 64u * stride) {
    let at = segment.first + i;
    let word = gradient[at];
    let moves = any(word != vec4i(0));
    if (moves) { gradient[at] = vec4i(0); }
    if (skips) { continue; }
    let moment = first_moment[at];
    // An entry that no gradient has reached has no moments and stays where it is.
    if (!moves && all(moment == vec4f(0.0))) { continue; }
    let g = decode(word, quantum);
    let m = mix(g, moment, settings.beta1);
    let v = mix(g * g, second_moment[at], settings.beta2);
    first_moment[at] = m;
    second_moment[at] = v;
    let value =
      parameters[at] - settings.rate * m / (sqrt(v * settings.correction) + settings.epsilon);
    parameters[at] = value;
    if (copied) { halves[at] = vec2u(to_halves(value.xy), to_halves(value.zw)); }
  }
}
