// The one objective (docs/method.md, guidance): the gradient on the views
//   ∂L/∂x = w(τ) λ_DM [ε_φ(z_τ; y) − b] + w(τ') λ_CA [ε_φ(z_τ'; y) − ε_φ(z_τ'; ∅)]
// where the colours of the guided prediction's clean estimate get back the spread of those without guidance
// (rescaling, Lin et al. 2023) and are held to the range of premultiplied ones (static thresholding,
// Saharia et al. 2022), with b = ε (SDS, Poole et al. 2022) or b = ε_ψ(z_τ; y, c) (VSD,
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
  rescale: f32, // φ
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

// The clean estimates (z - σ ε) / α at an element: of the prediction with text, and of the guided one.
fn clean_estimates(element: u32) -> vec2f {
  let term = objective.adherence;
  let a = objective.adherence_slot * elements + element;
  let u = elements + element;
  let with_text = noise_of(prediction[a], z[a], term);
  let without_text = noise_of(prediction[u], z[u], term);
  let guided = with_text + objective.guidance * (with_text - without_text);
  return (z[a] - term.sigma * vec2f(with_text, guided)) / term.alpha;
}

// Of both estimates, over all views: mean and standard deviation of a channel.
struct Spread {
  mean: vec2f,
  deviation: vec2f,
}
@group(0) @binding(7) var<storage, read_write> spreads: array<Spread>; // [C]

var<workgroup> sums: array<vec2f, 256>;

fn sum_of_all(lane: u32, own: vec2f) -> vec2f {
  sums[lane] = own;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 256u; i++) { sums[0] += sums[i]; }
  }
  return workgroupUniformLoad(&sums[0]);
}

// One workgroup owns one channel.
@compute @workgroup_size(256)
fn measure_spread(@builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) lane: u32) {
  let channel = group.x;
  var sum = vec2f(0.0);
  for (var p = lane; p < pixels; p += 256u) {
    sum += clean_estimates(element_of(p, channel));
  }
  let mean = sum_of_all(lane, sum) / f32(pixels);
  var squares = vec2f(0.0);
  for (var p = lane; p < pixels; p += 256u) {
    let off = clean_estimates(element_of(p, channel)) - mean;
    squares += off * off;
  }
  let deviation = sqrt(sum_of_all(lane, squares) / f32(pixels));
  if (lane == 0u) { spreads[channel] = Spread(mean, deviation); }
}

// The element of a pixel of all views in a channel.
fn element_of(pixel: u32, channel: u32) -> u32 {
  return (pixel / plane * channels + channel) * plane + pixel % plane;
}

fn is_alpha(channel: u32) -> bool { return channels == 4u && channel == 3u; }

// The guided clean estimate, its colours rescaled.
fn guided_clean(element: u32) -> f32 {
  let guided = clean_estimates(element).y;
  let channel = element / plane % channels;
  if is_alpha(channel) || objective.rescale == 0.0 { return guided; }
  let spread = spreads[channel];
  let ratio = spread.deviation.x / max(spread.deviation.y, 1e-6);
  let rescaled = spread.mean.x + ratio * (guided - spread.mean.y);
  return mix(guided, rescaled, objective.rescale);
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
