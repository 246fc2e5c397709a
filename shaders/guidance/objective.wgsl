// The one objective (docs/method.md, guidance): the gradient on the views
//   ∂L/∂x = w(τ) λ_DM [ε_φ(z_τ; y) − b] + w(τ') λ_CA [ε_φ(z_τ'; y) − ε_φ(z_τ'; ∅)]
// where the guided prediction's clean estimate is held to the range of premultiplied colours (static
// thresholding, Saharia et al. 2022), with b = ε (SDS, Poole et al. 2022) or b = ε_ψ(z_τ; y, c) (VSD,
// Wang et al. 2023).
// One thread owns one element of [V, C, H, W]. The network sees 2x − 1, hence the factor 2;
// the loss is a mean over the pixels of all views.

#include "../lib/random.wgsl"

override elements: u32;  // V·C·H·W
override pixels: u32;    // V·H·W
override plane: u32;     // H·W
override channels: u32;  // C
override velocity: bool; // the model predicts v; else ε

// One noised copy of the views: its α, σ, noise stream, and the weight of its term.
struct Term {
  alpha: f32,
  sigma: f32,
  weight: f32, // w(τ) λ_DM, or w(τ')
  noise_stream: u32,
}

// z and prediction hold, one after another: conditional at τ, unconditional at τ', and, where τ' is
// not τ, conditional at τ'. `adherence_slot` says where the conditional at τ' is.
struct Objective {
  matching: Term,
  adherence: Term,
  guidance: f32, // λ_CA = s - 1
  seed: u32,
  step: u32,
  adherence_slot: u32,
}

@group(0) @binding(0) var<uniform> objective: Objective;
@group(0) @binding(1) var<storage, read> z: array<f32>;               // [slots, V, C, H, W]
@group(0) @binding(2) var<storage, read> prediction: array<f32>;      // [slots, V, C, H, W]
@group(0) @binding(3) var<storage, read> fake_prediction: array<f32>; // [V, C, H, W], at z_τ
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;  // [V, C, H, W], ∂L/∂view
@group(0) @binding(5) var<storage, read_write> terms: array<vec2f>;   // [V, C, H, W]: the two terms

// The noise that a prediction at z stands for: ε = α v + σ z.
fn noise_of(predicted: f32, noised: f32, term: Term) -> f32 {
  return select(predicted, term.alpha * predicted + term.sigma * noised, velocity);
}

// The clean estimate (z - σ ε) / α of the guided prediction at an element.
fn guided_clean(element: u32) -> f32 {
  let term = objective.adherence;
  let a = objective.adherence_slot * elements + element;
  let u = elements + element;
  let with_text = noise_of(prediction[a], z[a], term);
  let without_text = noise_of(prediction[u], z[u], term);
  let guided = with_text + objective.guidance * (with_text - without_text);
  return (z[a] - term.sigma * guided) / term.alpha;
}

// The noise that remains when the guided estimate is one of premultiplied RGBA: from -1 to 1, and
// no colour more than its alpha.
fn held_noise(element: u32) -> f32 {
  let channel = element / plane % channels;
  var ceiling = 1.0;
  if channels == 4u && channel < 3u {
    ceiling = min(ceiling, guided_clean(element + (3u - channel) * plane));
  }
  let clean = max(min(guided_clean(element), ceiling), -1.0); // the ceiling may be below -1
  let noised = z[objective.adherence_slot * elements + element];
  return (noised - objective.adherence.alpha * clean) / objective.adherence.sigma;
}

fn write_gradient(element: u32, baseline: f32) {
  let conditional = noise_of(prediction[element], z[element], objective.matching);
  let a = objective.adherence_slot * elements + element;
  let with_text = noise_of(prediction[a], z[a], objective.adherence);
  let matching = objective.matching.weight * (conditional - baseline);
  let adherence = objective.adherence.weight * (held_noise(element) - with_text);
  terms[element] = vec2f(matching, adherence);
  gradient[element] = 2.0 * (matching + adherence) / f32(pixels);
}

@compute @workgroup_size(64)
fn against_noise(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let counter = vec4u(objective.seed, objective.matching.noise_stream, objective.step, id.x);
  write_gradient(id.x, random_normal(counter));
}

@compute @workgroup_size(64)
fn against_fake(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  write_gradient(id.x, noise_of(fake_prediction[id.x], z[id.x], objective.matching));
}

// [|matching|, |adherence|, |∂L/∂x|]: root mean squares over all elements, summed in a fixed order.
@group(0) @binding(6) var<storage, read_write> norms: array<f32>;

var<workgroup> partial: array<vec3f, 256>;

@compute @workgroup_size(256)
fn measure(@builtin(local_invocation_index) lane: u32) {
  var sum = vec3f(0.0);
  for (var e = lane; e < elements; e += 256u) {
    let v = vec3f(terms[e], gradient[e]);
    sum += v * v;
  }
  partial[lane] = sum;
  workgroupBarrier();
  if (lane == 0u) {
    var total = vec3f(0.0);
    for (var i = 0u; i < 256u; i++) { total += partial[i]; }
    let rms = sqrt(total / f32(elements));
    norms[0] = rms.x;
    norms[1] = rms.y;
    norms[2] = rms.z;
  }
}
