// Adds the gradient of a reward R to that of the scores (DMDR, Jiang et al. 2025; docs/method.md, "Reward"): it is
// climbed, and its size is held to a multiple of the scores'.

override words: u32; // V·4·H·W

struct Reward {
  weight: f32, // ρ
  clip: f32,
  size: f32,   // root mean square of ∂R/∂views
}

@group(0) @binding(0) var<uniform> reward: Reward;
@group(0) @binding(1) var<storage, read> slope: array<f32>;              // [V, 4, H, W], ∂R/∂views
@group(0) @binding(2) var<storage, read> norms: array<f32>;              // [3], the last the scores' gradient
@group(0) @binding(3) var<storage, read_write> view_gradients: array<f32>; // [V, 4, H, W], added to

@compute @workgroup_size(64)
fn add_gradient(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= words) { return; }
  let most = reward.clip * norms[2] / max(reward.size, 1e-20);
  view_gradients[id.x] -= min(reward.weight, most) * slope[id.x];
}
