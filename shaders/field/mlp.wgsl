// The field's perceptron: features -> ReLU units -> raw (r, g, b, density) -> values, without biases
// (docs/method.md, perceptron). No kernel needs a barrier or workgroup memory.
//
// A unit's weights lie together: `inputs` vec4f from the features, one vec4f to the outputs.
//
// forward            one thread = one point
// backward_weights   one thread = one unit and one chunk of points. The threads of a chunk read the
//                    same point; each recomputes its own activation and keeps its weights' gradient
//                    in registers. A chunk's sums are one row of `partials`, reduced in fixed order
//                    by optim/reduce.wgsl. Must run before backward_features
// backward_features  one thread = one point; the gradient replaces the features
// bound              one thread = one level: the fixed-point unit of its table gradient

#include "../lib/activation.wgsl"
#include "../lib/fixed_point.wgsl"

override levels: u32;
override inputs: u32; // ceil(levels / 2): vec4f of features, at most 8
override hidden: u32; // units: 16, 32 or 64
override rows: u32;   // chunks of points, a multiple of 64 / hidden
override capacity: u32;
override exponential: bool; // density = e^raw; else softplus(raw)
override blob_scale: f32;
override blob_std: f32;

@group(0) @binding(0) var<storage, read> count: vec4u;
@group(0) @binding(1) var<storage, read> positions: array<vec4f>;           // [capacity]
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;             // [hidden, inputs + 1]
@group(0) @binding(3) var<storage, read_write> features: array<vec4f>;      // [inputs, capacity]
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;        // [capacity]: rgb, sigma
@group(0) @binding(5) var<storage, read> value_gradients: array<vec4f>;     // [capacity]
@group(0) @binding(6) var<storage, read_write> partials: array<vec4f>;      // [rows, row_size]
@group(0) @binding(7) var<storage, read> gradient: array<vec4f>;            // [row_size], reduced
@group(0) @binding(8) var<storage, read_write> quanta: array<f32>;          // [levels]

// A row of partials: the gradient of the weights, then sum |dL/dactivation| of each unit.
fn row_size() -> u32 { return hidden * (inputs + 1u) + hidden / 4u; }

fn blob(position: vec3f) -> f32 {
  return blob_scale * (1.0 - length(position) / blob_std);
}

fn to_values(raw: vec4f, position: vec3f) -> vec4f {
  let density = raw.w + blob(position);
  let sigma = select(softplus(density), truncated_exp(density), exponential);
  return vec4f(sigmoid(raw.xyz), select(0.0, sigma, dot(position, position) <= 1.0));
}

// dL/draw from dL/dvalues. Outside the ball sigma = 0, and so are both derivatives below.
fn raw_gradient(value: vec4f, value_gradient: vec4f) -> vec4f {
  let density_derivative = select(softplus_derivative(value.w), value.w, exponential);
  return value_gradient * vec4f(sigmoid_derivative(value.xyz), density_derivative);
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let point = min(id.x, count.x - 1u);
  var x: array<vec4f, 8>;
  for (var j = 0u; j < inputs; j++) { x[j] = features[j * capacity + point]; }
  var raw = vec4f(0.0);
  for (var unit = 0u; unit < hidden; unit++) {
    let base = unit * (inputs + 1u);
    var activation = 0.0;
    for (var j = 0u; j < inputs; j++) { activation += dot(weights[base + j], x[j]); }
    raw += max(activation, 0.0) * weights[base + inputs];
  }
  if (id.x < count.x) { values[point] = to_values(raw, positions[point].xyz); }
}

@compute @workgroup_size(64)
fn backward_weights(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x % hidden;
  let row = id.x / hidden;
  let chunk = (count.x + rows - 1u) / rows;
  let first = min(row * chunk, count.x);
  let last = min(first + chunk, count.x);
  let base = unit * (inputs + 1u);
  var w: array<vec4f, 8>;
  var dw: array<vec4f, 8>;
  for (var j = 0u; j < inputs; j++) { w[j] = weights[base + j]; }
  let w_out = weights[base + inputs];
  var dw_out = vec4f(0.0);
  var magnitude = 0.0;
  for (var point = first; point < last; point++) {
    let value_gradient = value_gradients[point];
    if (all(value_gradient == vec4f(0.0))) { continue; }
    let dy = raw_gradient(values[point], value_gradient);
    var x: array<vec4f, 8>;
    var activation = 0.0;
    for (var j = 0u; j < inputs; j++) {
      x[j] = features[j * capacity + point];
      activation += dot(w[j], x[j]);
    }
    dw_out += max(activation, 0.0) * dy;
    let d = select(0.0, dot(w_out, dy), activation > 0.0);
    magnitude += abs(d);
    for (var j = 0u; j < inputs; j++) { dw[j] += d * x[j]; }
  }
  let start = row * row_size();
  for (var j = 0u; j < inputs; j++) { partials[start + base + j] = dw[j]; }
  partials[start + base + inputs] = dw_out;
  partials[start + hidden * (inputs + 1u) + unit / 4u][unit % 4u] = magnitude;
}

@compute @workgroup_size(64)
fn backward_features(@builtin(global_invocation_id) id: vec3u) {
  let point = min(id.x, count.x - 1u);
  let dy = raw_gradient(values[point], value_gradients[point]);
  var x: array<vec4f, 8>;
  var dx: array<vec4f, 8>;
  for (var j = 0u; j < inputs; j++) { x[j] = features[j * capacity + point]; }
  for (var unit = 0u; unit < hidden; unit++) {
    let base = unit * (inputs + 1u);
    var activation = 0.0;
    for (var j = 0u; j < inputs; j++) { activation += dot(weights[base + j], x[j]); }
    let d = select(0.0, dot(weights[base + inputs], dy), activation > 0.0);
    for (var j = 0u; j < inputs; j++) { dx[j] += d * weights[base + j]; }
  }
  // The second half of the last block of an odd number of levels is no feature: it stays zero.
  if (levels % 2u == 1u) { dx[inputs - 1u] = vec4f(dx[inputs - 1u].xy, 0.0, 0.0); }
  if (id.x < count.x) {
    for (var j = 0u; j < inputs; j++) { features[j * capacity + point] = dx[j]; }
  }
}

// |dL/dfeature| summed over the points is at most sum over units of |weight| sum |dL/dactivation|,
// and a point's trilinear weights sum to one: this bounds any entry's gradient.
@compute @workgroup_size(16)
fn bound(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= levels) { return; }
  let first = 2u * (id.x % 2u);
  var sum = 0.0;
  for (var unit = 0u; unit < hidden; unit++) {
    let w = abs(weights[unit * (inputs + 1u) + id.x / 2u]);
    sum += max(w[first], w[first + 1u]) * gradient[hidden * (inputs + 1u) + unit / 4u][unit % 4u];
  }
  quanta[id.x] = fixed_point_quantum(sum);
}
