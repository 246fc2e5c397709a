// The field's perceptron: features -> ReLU units -> raw (r, g, b, density) -> values, no biases
// (docs/method.md, "Perceptron"). No kernel needs a barrier or workgroup memory.
//
// A unit's weights lie together: `inputs` vec4f from the features, one vec4f to the outputs.
//
// forward            one thread = some points: it reads a unit's weights once for all of them
// backward_weights   one thread = some units and one chunk of points. The threads of a chunk read the
//                    same point; each recomputes its own activations and keeps its weights' gradient
//                    in registers. A chunk's sums are one row of `partials`, reduced in fixed order
//                    by optim/reduce.wgsl. Must run before backward_features
// backward_features  one thread = some points; the gradient replaces the features
// bound              one thread = one level: the fixed-point unit of its table gradient

#include "../lib/activation.wgsl"
#include "../lib/fixed_point.wgsl"

override levels: u32;
override inputs: u32; // ceil(levels / 2): vec4f of features, at most 8
override hidden: u32; // units: 16, 32 or 64
override rows: u32;   // chunks of points, a multiple of 64 * units / hidden
override units: u32;  // of one thread of backward_weights: 1 to 4, a divisor of `hidden`
override points: u32; // of one thread of forward and backward_features: 1, 2 or 4
override threads: u32 = 64u / points; // of a workgroup of these, which has 64 points
override capacity: u32;
override exponential: bool; // density = e^raw; else softplus(raw)
override blob_scale: f32;
override blob_std: f32;
override accumulate: bool; // backward_weights: add to the partial sums that are there

@group(0) @binding(0) var<storage, read> count: vec4u;
@group(0) @binding(1) var<storage, read> positions: array<vec4f>;           // [capacity]
@group(0) @binding(2) var<storage, read> weights: array<vec4f>;             // [hidden, inputs + 1]
@group(0) @binding(3) var<storage, read_write> features: array<vec4f>;      // [inputs, capacity]
@group(0) @binding(4) var<storage, read_write> values: array<vec4f>;        // [capacity], rgb sigma
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

// Up to eight blocks of four words, one for each of `inputs`. Members rather than an array: not
// every compiler unrolls a loop over a private array, and an array that is indexed lies in memory.
struct Blocks {
  b0: vec4f, b1: vec4f, b2: vec4f, b3: vec4f,
  b4: vec4f, b5: vec4f, b6: vec4f, b7: vec4f,
}

fn load_features(point: u32) -> Blocks {
  var x: Blocks;
  x.b0 = features[point];
  if (inputs > 1u) { x.b1 = features[capacity + point]; }
  if (inputs > 2u) { x.b2 = features[2u * capacity + point]; }
  if (inputs > 3u) { x.b3 = features[3u * capacity + point]; }
  if (inputs > 4u) { x.b4 = features[4u * capacity + point]; }
  if (inputs > 5u) { x.b5 = features[5u * capacity + point]; }
  if (inputs > 6u) { x.b6 = features[6u * capacity + point]; }
  if (inputs > 7u) { x.b7 = features[7u * capacity + point]; }
  return x;
}

fn store_features(point: u32, x: Blocks) {
  features[point] = x.b0;
  if (inputs > 1u) { features[capacity + point] = x.b1; }
  if (inputs > 2u) { features[2u * capacity + point] = x.b2; }
  if (inputs > 3u) { features[3u * capacity + point] = x.b3; }
  if (inputs > 4u) { features[4u * capacity + point] = x.b4; }
  if (inputs > 5u) { features[5u * capacity + point] = x.b5; }
  if (inputs > 6u) { features[6u * capacity + point] = x.b6; }
  if (inputs > 7u) { features[7u * capacity + point] = x.b7; }
}

fn load_weights(base: u32) -> Blocks {
  var w: Blocks;
  w.b0 = weights[base];
  if (inputs > 1u) { w.b1 = weights[base + 1u]; }
  if (inputs > 2u) { w.b2 = weights[base + 2u]; }
  if (inputs > 3u) { w.b3 = weights[base + 3u]; }
  if (inputs > 4u) { w.b4 = weights[base + 4u]; }
  if (inputs > 5u) { w.b5 = weights[base + 5u]; }
  if (inputs > 6u) { w.b6 = weights[base + 6u]; }
  if (inputs > 7u) { w.b7 = weights[base + 7u]; }
  return w;
}

// What new partial sums are added to.
fn kept(index: u32) -> vec4f {
  if (accumulate) { return partials[index]; }
  return vec4f(0.0);
}

fn store_partials(base: u32, w: Blocks) {
  partials[base] = kept(base) + w.b0;
  if (inputs > 1u) { partials[base + 1u] = kept(base + 1u) + w.b1; }
  if (inputs > 2u) { partials[base + 2u] = kept(base + 2u) + w.b2; }
  if (inputs > 3u) { partials[base + 3u] = kept(base + 3u) + w.b3; }
  if (inputs > 4u) { partials[base + 4u] = kept(base + 4u) + w.b4; }
  if (inputs > 5u) { partials[base + 5u] = kept(base + 5u) + w.b5; }
  if (inputs > 6u) { partials[base + 6u] = kept(base + 6u) + w.b6; }
  if (inputs > 7u) { partials[base + 7u] = kept(base + 7u) + w.b7; }
}

fn inner_product(x: Blocks, y: Blocks) -> f32 {
  var sum = dot(x.b0, y.b0);
  if (inputs > 1u) { sum += dot(x.b1, y.b1); }
  if (inputs > 2u) { sum += dot(x.b2, y.b2); }
  if (inputs > 3u) { sum += dot(x.b3, y.b3); }
  if (inputs > 4u) { sum += dot(x.b4, y.b4); }
  if (inputs > 5u) { sum += dot(x.b5, y.b5); }
  if (inputs > 6u) { sum += dot(x.b6, y.b6); }
  if (inputs > 7u) { sum += dot(x.b7, y.b7); }
  return sum;
}

fn add_scaled(start: Blocks, scale: f32, x: Blocks) -> Blocks {
  var sum = start;
  sum.b0 += scale * x.b0;
  if (inputs > 1u) { sum.b1 += scale * x.b1; }
  if (inputs > 2u) { sum.b2 += scale * x.b2; }
  if (inputs > 3u) { sum.b3 += scale * x.b3; }
  if (inputs > 4u) { sum.b4 += scale * x.b4; }
  if (inputs > 5u) { sum.b5 += scale * x.b5; }
  if (inputs > 6u) { sum.b6 += scale * x.b6; }
  if (inputs > 7u) { sum.b7 += scale * x.b7; }
  return sum;
}

// The place of a thread's k-th point: neighbouring threads read neighbouring points.
fn place(group: u32, thread: u32, k: u32) -> u32 { return 64u * group + threads * k + thread; }

// The last point stands in for places beyond it, which are not stored.
fn clamped(place: u32) -> u32 { return min(place, count.x - 1u); }

// A point, and what the units so far add up to.
struct Point {
  x: Blocks,
  raw: vec4f,
}

fn load_point(place: u32) -> Point { return Point(load_features(clamped(place)), vec4f(0.0)); }

fn add_unit(own: ptr<function, Point>, w: Blocks, output_weights: vec4f) {
  own.raw += max(inner_product(w, own.x), 0.0) * output_weights;
}

fn store_values(place: u32, own: Point) {
  if (place < count.x) { values[place] = to_values(own.raw, positions[place].xyz); }
}

@compute @workgroup_size(threads)
fn forward(
  @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32,
) {
  var p0 = load_point(place(group.x, thread, 0u));
  var p1: Point;
  var p2: Point;
  var p3: Point;
  if (points > 1u) { p1 = load_point(place(group.x, thread, 1u)); }
  if (points > 2u) { p2 = load_point(place(group.x, thread, 2u)); }
  if (points > 2u) { p3 = load_point(place(group.x, thread, 3u)); }
  for (var unit = 0u; unit < hidden; unit++) {
    let base = unit * (inputs + 1u);
    let w = load_weights(base);
    let output_weights = weights[base + inputs];
    add_unit(&p0, w, output_weights);
    if (points > 1u) { add_unit(&p1, w, output_weights); }
    if (points > 2u) { add_unit(&p2, w, output_weights); }
    if (points > 2u) { add_unit(&p3, w, output_weights); }
  }
  store_values(place(group.x, thread, 0u), p0);
  if (points > 1u) { store_values(place(group.x, thread, 1u), p1); }
  if (points > 2u) { store_values(place(group.x, thread, 2u), p2); }
  if (points > 2u) { store_values(place(group.x, thread, 3u), p3); }
}

// A unit's weights, and their gradient summed over the points of a chunk.
struct Unit {
  weights: Blocks,
  output_weights: vec4f,
  gradient: Blocks,
  output_gradient: vec4f,
  magnitude: f32, // sum |dL/dactivation|
}

fn load_unit(unit: u32) -> Unit {
  let base = unit * (inputs + 1u);
  return Unit(load_weights(base), weights[base + inputs], Blocks(), vec4f(0.0), 0.0);
}

fn add_point(own: ptr<function, Unit>, x: Blocks, dy: vec4f) {
  let activation = inner_product(own.weights, x);
  own.output_gradient += max(activation, 0.0) * dy;
  let d = select(0.0, dot(own.output_weights, dy), activation > 0.0);
  own.magnitude += abs(d);
  own.gradient = add_scaled(own.gradient, d, x);
}

fn store_unit(row: u32, unit: u32, own: Unit) {
  let start = row * row_size();
  let base = start + unit * (inputs + 1u);
  store_partials(base, own.gradient);
  partials[base + inputs] = kept(base + inputs) + own.output_gradient;
  let magnitudes = start + hidden * (inputs + 1u) + unit / 4u;
  partials[magnitudes][unit % 4u] = kept(magnitudes)[unit % 4u] + own.magnitude;
}

@compute @workgroup_size(64)
fn backward_weights(@builtin(global_invocation_id) id: vec3u) {
  let unit = id.x % (hidden / units) * units;
  let row = id.x / (hidden / units);
  let chunk = (count.x + rows - 1u) / rows;
  let first = min(row * chunk, count.x);
  let last = min(first + chunk, count.x);
  var u0 = load_unit(unit);
  var u1: Unit;
  var u2: Unit;
  var u3: Unit;
  if (units > 1u) { u1 = load_unit(unit + 1u); }
  if (units > 2u) { u2 = load_unit(unit + 2u); }
  if (units > 3u) { u3 = load_unit(unit + 3u); }
  for (var point = first; point < last; point++) {
    let value_gradient = value_gradients[point];
    if (all(value_gradient == vec4f(0.0))) { continue; }
    let dy = raw_gradient(values[point], value_gradient);
    let x = load_features(point);
    add_point(&u0, x, dy);
    if (units > 1u) { add_point(&u1, x, dy); }
    if (units > 2u) { add_point(&u2, x, dy); }
    if (units > 3u) { add_point(&u3, x, dy); }
  }
  store_unit(row, unit, u0);
  if (units > 1u) { store_unit(row, unit + 1u, u1); }
  if (units > 2u) { store_unit(row, unit + 2u, u2); }
  if (units > 3u) { store_unit(row, unit + 3u, u3); }
}

// A point, dL/draw, and what the units so far add to dL/dfeatures.
struct PointGradient {
  x: Blocks,
  dy: vec4f,
  dx: Blocks,
}

fn load_point_gradient(place: u32) -> PointGradient {
  let point = clamped(place);
  let dy = raw_gradient(values[point], value_gradients[point]);
  return PointGradient(load_features(point), dy, Blocks());
}

fn add_unit_gradient(own: ptr<function, PointGradient>, w: Blocks, output_weights: vec4f) {
  let d = select(0.0, dot(output_weights, own.dy), inner_product(w, own.x) > 0.0);
  own.dx = add_scaled(own.dx, d, w);
}

fn store_point_gradient(place: u32, own: PointGradient) {
  if (place >= count.x) { return; }
  store_features(place, own.dx);
  // The second half of the last block of an odd number of levels is no feature: it stays zero.
  if (levels % 2u == 1u) {
    let last = (inputs - 1u) * capacity + place;
    features[last] = vec4f(features[last].xy, 0.0, 0.0);
  }
}

@compute @workgroup_size(threads)
fn backward_features(
  @builtin(workgroup_id) group: vec3u, @builtin(local_invocation_index) thread: u32,
) {
  var p0 = load_point_gradient(place(group.x, thread, 0u));
  var p1: PointGradient;
  var p2: PointGradient;
  var p3: PointGradient;
  if (points > 1u) { p1 = load_point_gradient(place(group.x, thread, 1u)); }
  if (points > 2u) { p2 = load_point_gradient(place(group.x, thread, 2u)); }
  if (points > 2u) { p3 = load_point_gradient(place(group.x, thread, 3u)); }
  for (var unit = 0u; unit < hidden; unit++) {
    let base = unit * (inputs + 1u);
    let w = load_weights(base);
    let output_weights = weights[base + inputs];
    add_unit_gradient(&p0, w, output_weights);
    if (points > 1u) { add_unit_gradient(&p1, w, output_weights); }
    if (points > 2u) { add_unit_gradient(&p2, w, output_weights); }
    if (points > 2u) { add_unit_gradient(&p3, w, output_weights); }
  }
  store_point_gradient(place(group.x, thread, 0u), p0);
  if (points > 1u) { store_point_gradient(place(group.x, thread, 1u), p1); }
  if (points > 2u) { store_point_gradient(place(group.x, thread, 2u), p2); }
  if (points > 2u) { store_point_gradient(place(group.x, thread, 3u), p3); }
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
