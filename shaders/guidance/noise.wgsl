// Forward diffusion of the views: z_τ = α_τ (2x − 1) + σ_τ ε (docs/method.md, guidance).
// One thread owns one element of z. ε is a pure function of (seed, stream, step, element), so runs
// that share a seed share their noise, and the objective can draw the same ε again.

#include "../lib/random.wgsl"

override elements: u32; // V·C·H·W of one set of views
override slots: u32;    // noised copies that z holds, at most 8
override velocity: bool; // the model predicts v; else ε

struct Slot {
  alpha: f32,
  sigma: f32,
  noise_stream: u32,
  unused: u32,
}

struct Noising {
  seed: u32,
  step: u32,
  slot: array<Slot, 8>,
}

@group(0) @binding(0) var<uniform> noising: Noising;
@group(0) @binding(1) var<storage, read> views: array<f32>;          // [V, C, H, W] in [0, 1]
@group(0) @binding(2) var<storage, read_write> z: array<f32>;        // [slots, V, C, H, W]
@group(0) @binding(3) var<storage, read_write> denoised: array<f32>; // [V, C, H, W]: what the model should predict

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements * slots) { return; }
  let slot = noising.slot[id.x / elements];
  let element = id.x % elements;
  let epsilon = random_normal(vec4u(noising.seed, slot.noise_stream, noising.step, element));
  z[id.x] = slot.alpha * (2.0 * views[element] - 1.0) + slot.sigma * epsilon;
}

// Noise that was not drawn for this step alone (src/guidance/sources.ts).
@group(0) @binding(4) var<storage, read> given: array<f32>; // [V, C, H, W]

@compute @workgroup_size(64)
fn forward_given(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements * slots) { return; }
  let slot = noising.slot[id.x / elements];
  let element = id.x % elements;
  z[id.x] = slot.alpha * (2.0 * views[element] - 1.0) + slot.sigma * given[element];
}

// The target of denoising slot 0: ε, or v = α ε − σ x (Salimans and Ho 2022).
@compute @workgroup_size(64)
fn denoising_target(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let slot = noising.slot[0];
  let epsilon = random_normal(vec4u(noising.seed, slot.noise_stream, noising.step, id.x));
  let x = 2.0 * views[id.x] - 1.0;
  denoised[id.x] = select(epsilon, slot.alpha * epsilon - slot.sigma * x, velocity);
}
