// DDIM inversion (Song et al. 2021, eq. 12, run backwards; docs/method.md, "Inverted noise"): from clean views to the
// noise κ that leads to them. One thread owns one element of the views; z holds them twice, for the two questions.

#include "../lib/random.wgsl"

override elements: u32;  // V·C·H·W
override velocity: bool; // the model predicts v; else ε

struct Level {
  alpha: f32,
  sigma: f32,
}

struct Inversion {
  before: Level, // where z is
  after: Level,  // where it goes, noisier
  scale: f32,    // of guidance, often negative
  jitter: f32,   // deviation of fresh noise
  seed: u32,
  noise_stream: u32,
  draw: u32, // counts the steps of all inversions
}

@group(0) @binding(0) var<uniform> inversion: Inversion;
@group(0) @binding(1) var<storage, read> views: array<f32>;          // [V, C, H, W] in [0, 1]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;        // [2, V, C, H, W]
@group(0) @binding(3) var<storage, read> prediction: array<f32>;     // [2, V, C, H, W]: with the prompt, without
@group(0) @binding(4) var<storage, read_write> epsilon: array<f32>;  // [V, C, H, W], κ

fn put(element: u32, value: f32) {
  z[element] = value;
  z[elements + element] = value;
}

@compute @workgroup_size(64)
fn start(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  put(id.x, 2.0 * views[id.x] - 1.0);
}

fn noise_of(slot: u32, element: u32) -> f32 {
  let predicted = prediction[slot * elements + element];
  let noised = z[element];
  let level = inversion.before;
  return select(predicted, level.alpha * predicted + level.sigma * noised, velocity);
}

@compute @workgroup_size(64)
fn advance(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let with_text = noise_of(0u, id.x);
  let without_text = noise_of(1u, id.x);
  let guided = without_text + inversion.scale * (with_text - without_text);
  let clean = (z[id.x] - inversion.before.sigma * guided) / inversion.before.alpha;
  let kept = sqrt(max(inversion.after.sigma * inversion.after.sigma - inversion.jitter * inversion.jitter, 0.0));
  let counter = vec4u(inversion.seed, inversion.noise_stream, inversion.draw, id.x);
  let fresh = inversion.jitter * random_normal(counter);
  put(id.x, inversion.after.alpha * clean + kept * guided + fresh);
}

// κ: the noise between the views and where `advance` went last.
@compute @workgroup_size(64)
fn found(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let x = 2.0 * views[id.x] - 1.0;
  epsilon[id.x] = (z[id.x] - inversion.after.alpha * x) / inversion.after.sigma;
}
