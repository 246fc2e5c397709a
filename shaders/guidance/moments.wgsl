// The mean-variance regulariser (Decoupled DMD, Liu et al. 2025, eq. 7; docs/method.md, "Mean and variance"): the
// divergence of a Gaussian with the mean m and the variance v of a view's values from one with m₀ and v₀,
//   KL = ½ ((v + (m − m₀)²) / v₀ − 1 − ln(v / v₀)),    n ∂KL/∂x = (m − m₀) / v₀ + (x − m) (1 / v₀ − 1 / v)
// x being what the network sees, 2 views − 1, and n the values of a view.

#include "../lib/sum.wgsl"

override elements: u32; // V·C·H·W
override pixels: u32;   // V·H·W
override each: u32;     // n = C·H·W

struct Target {
  weight: f32, // λ_M
  mean: f32,   // m₀
  variance: f32, // v₀
}

@group(0) @binding(0) var<uniform> goal: Target;
@group(0) @binding(1) var<storage, read> views: array<f32>;           // [V, C, H, W] in [0, 1]
@group(0) @binding(2) var<storage, read_write> moments: array<vec2f>; // [V]: m, v
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;  // [V, C, H, W], added to

const least_variance = 1e-4;

// One workgroup owns one view.
@compute @workgroup_size(256)
fn measure(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let first = group.x * each;
  var sum = 0.0;
  for (var e = lane; e < each; e += 256u) { sum += 2.0 * views[first + e] - 1.0; }
  let mean = sum_of_all(lane, vec2f(sum, 0.0)).x / f32(each);
  var squares = 0.0;
  for (var e = lane; e < each; e += 256u) {
    let off = 2.0 * views[first + e] - 1.0 - mean;
    squares += off * off;
  }
  let variance = sum_of_all(lane, vec2f(squares, 0.0)).x / f32(each);
  if (lane == 0u) { moments[group.x] = vec2f(mean, max(variance, least_variance)); }
}

@compute @workgroup_size(64)
fn add_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let own = moments[id.x / each];
  let x = 2.0 * views[id.x] - 1.0;
  let pull = (own.x - goal.mean) / goal.variance;
  let spread = (x - own.x) * (1.0 / goal.variance - 1.0 / own.y);
  gradient[id.x] += 2.0 * goal.weight * (pull + spread) / f32(pixels);
}
