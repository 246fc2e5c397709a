// The one objective (docs/method.md, guidance): the gradient on what the models see of the views,
//   ∂L/∂x = w(τ) λ_DM [ε_φ(z_τ; y) − b] + w(τ') λ_CFG [ε_φ(z_τ'; y) − ε_φ(z_τ'; ∅)]
// with b = ε (SDS, Poole et al. 2022), b = ε_ψ(z_τ; y, c) (VSD, Wang et al. 2023; with guidance by its cameras ESD,
// Wang et al. 2024), b = ε_φ(z_τ⁺; y) (ASD, Ma et al. 2024) or b = ε_φ(z_τ; y⁻) (NFSD, Katzir et al. 2023). Where
// `rescale` is not 0, the colours of the guided prediction's clean estimate get
// back the spread of those without guidance (Lin et al. 2023); where `threshold` is set, they are held to the
// range of premultiplied ones (static thresholding, Saharia et al. 2022).
// One thread owns one element of [V, C, H, W]. The network sees 2x − 1, hence the factor 2;
// the loss is a mean over the pixels of all views.

#include "../lib/random.wgsl"
#include "../lib/sum.wgsl"

override elements: u32;  // V·C·H·W
override pixels: u32;    // V·H·W
override plane: u32;     // H·W
override channels: u32;  // C
override premultiplied: bool; // the channels are RGB premultiplied by alpha, then alpha
override velocity: bool; // the model predicts v; else ε

// Places of the questions in the frozen model's batch, and of the baseline in that of the model that it asks.
override conditional: u32;       // ε_φ(z_τ; y)
override cfg_conditional: u32;   // ε_φ(z_τ'; y)
override cfg_unconditional: u32; // ε_φ(z_τ'; ∅)
override cfg_negative: u32;      // ε_φ(z_τ'; y⁻)
override baseline_slot: u32;
override baseline_blind: u32;    // the same without cameras

// A noise level: α, σ, the stream of its noise, and the weight of its term.
struct Term {
  alpha: f32,
  sigma: f32,
  weight: f32, // w(τ) λ_DM, or w(τ'); of the baseline, how much of it is subtracted
  noise_stream: u32,
}

struct Objective {
  dm: Term,
  baseline: Term,
  cfg: Term,
  lambda_cfg: f32, // s - 1
  seed: u32,
  step: u32,
  rescale: f32, // φ
  threshold: u32,
  negative_share: f32, // how far ∅ is the negative prompt
  fake_scale: f32,     // guidance of the fake score by its cameras
}

@group(0) @binding(0) var<uniform> objective: Objective;
@group(0) @binding(1) var<storage, read> z: array<f32>;               // [batch, V, C, H, W]
@group(0) @binding(2) var<storage, read> prediction: array<f32>;      // [batch, V, C, H, W]
@group(0) @binding(3) var<storage, read> fake_prediction: array<f32>; // [batch, V, C, H, W]
@group(0) @binding(8) var<storage, read> fake_z: array<f32>;          // [batch, V, C, H, W]
@group(0) @binding(4) var<storage, read_write> gradient: array<f32>;  // [V, C, H, W], ∂L/∂x
@group(0) @binding(5) var<storage, read_write> terms: array<vec2f>;   // [V, C, H, W]: the two terms

// The noise that a prediction at z stands for: ε = α v + σ z.
fn noise_of(predicted: f32, noised: f32, term: Term) -> f32 {
  return select(predicted, term.alpha * predicted + term.sigma * noised, velocity);
}

// ε_φ(z_τ'; ∅), ∅ going over into the negative prompt (CSD, Yu et al. 2023, eq. 14).
fn unconditional(element: u32) -> f32 {
  let u = cfg_unconditional * elements + element;
  let n = cfg_negative * elements + element;
  let nothing = noise_of(prediction[u], z[u], objective.cfg);
  let negative = noise_of(prediction[n], z[n], objective.cfg);
  return mix(nothing, negative, objective.negative_share);
}

// The clean estimates (z - σ ε) / α at an element: of the prediction with text, and of the guided one.
fn clean_estimates(element: u32) -> vec2f {
  let term = objective.cfg;
  let c = cfg_conditional * elements + element;
  let with_text = noise_of(prediction[c], z[c], term);
  let guided = with_text + objective.lambda_cfg * (with_text - unconditional(element));
  return (z[c] - term.sigma * vec2f(with_text, guided)) / term.alpha;
}

// Of both estimates, over all views: mean and standard deviation of a channel.
struct Spread {
  mean: vec2f,
  deviation: vec2f,
}
@group(0) @binding(7) var<storage, read_write> spreads: array<Spread>; // [C]

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

fn is_alpha(channel: u32) -> bool { return premultiplied && channel == 3u; }

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

// The guided estimate as one of premultiplied RGBA: from -1 to 1, and no colour more than its alpha.
fn held_clean(element: u32) -> f32 {
  let channel = element / plane % channels;
  var ceiling = 1.0;
  if premultiplied && channel < 3u {
    ceiling = min(ceiling, guided_clean(element + (3u - channel) * plane));
  }
  return max(min(guided_clean(element), ceiling), -1.0); // the ceiling may be below -1
}

fn is_corrected() -> bool { return objective.threshold != 0u || objective.rescale != 0.0; }

// The guided clean estimate after all corrections.
fn corrected_clean(element: u32) -> f32 {
  if objective.threshold != 0u { return held_clean(element); }
  return guided_clean(element);
}

// λ_CFG [ε_φ(z_τ'; y) − ε_φ(z_τ'; ∅)], or what rescaling and thresholding leave of it.
fn cfg_difference(element: u32) -> f32 {
  let term = objective.cfg;
  let c = cfg_conditional * elements + element;
  let with_text = noise_of(prediction[c], z[c], term);
  if !is_corrected() {
    return objective.lambda_cfg * (with_text - unconditional(element));
  }
  return (z[c] - term.alpha * corrected_clean(element)) / term.sigma - with_text;
}

fn write_gradient(element: u32, baseline: f32) {
  let p = conditional * elements + element;
  let matched = noise_of(prediction[p], z[p], objective.dm) - objective.baseline.weight * baseline;
  let dm = objective.dm.weight * matched;
  let cfg = objective.cfg.weight * cfg_difference(element);
  terms[element] = vec2f(dm, cfg);
  gradient[element] = 2.0 * (dm + cfg) / f32(pixels);
}

@compute @workgroup_size(64)
fn against_noise(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let counter = vec4u(objective.seed, objective.dm.noise_stream, objective.step, id.x);
  write_gradient(id.x, random_normal(counter));
}

// Noise that was not drawn for this step alone (src/guidance/sources.ts).
@group(0) @binding(9) var<storage, read> given: array<f32>; // [V, C, H, W]

@compute @workgroup_size(64)
fn against_given(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  write_gradient(id.x, given[id.x]);
}

@compute @workgroup_size(64)
fn against_fake(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let b = baseline_slot * elements + id.x;
  let u = baseline_blind * elements + id.x;
  let seen = noise_of(fake_prediction[b], fake_z[b], objective.baseline);
  let blind = noise_of(fake_prediction[u], fake_z[u], objective.baseline);
  write_gradient(id.x, mix(blind, seen, objective.fake_scale));
}

@compute @workgroup_size(64)
fn against_frozen(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let b = baseline_slot * elements + id.x;
  write_gradient(id.x, noise_of(prediction[b], z[b], objective.baseline));
}

// DMD's normaliser (Yin et al. 2024): the mean distance |x − x̂| of the views from the guided clean estimate.
@group(0) @binding(10) var<storage, read> views: array<f32>;          // [V, C, H, W] in [0, 1]
@group(0) @binding(11) var<storage, read_write> distance: array<f32>; // [1]

@compute @workgroup_size(256)
fn measure_distance(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var e = lane; e < elements; e += 256u) {
    sum += abs(2.0 * views[e] - 1.0 - corrected_clean(e));
  }
  let total = sum_of_all(lane, vec2f(sum, 0.0));
  if (lane == 0u) { distance[0] = total.x / f32(elements); }
}

@compute @workgroup_size(64)
fn normalise(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= elements) { return; }
  let scale = 1.0 / max(distance[0], 1e-6);
  terms[id.x] *= scale;
  gradient[id.x] *= scale;
}

// [|DM term|, |CFG term|, |∂L/∂x|]: root mean squares over all elements, summed in a fixed order.
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
