// Free pictures (docs/method.md, "Free pictures"): each pixel's colour and opacity from parameters of its own.
//   c = sigmoid(p_c),  a = sigmoid(p_a),  x = (a c, a)
// so that no colour exceeds its alpha. One thread owns one pixel.

override pixels: u32; // V·H·W
override plane: u32;  // H·W

@group(0) @binding(0) var<storage, read> parameters: array<f32>;           // [V, 4, H, W]
@group(0) @binding(1) var<storage, read_write> views: array<f32>;          // [V, 4, H, W]
@group(0) @binding(2) var<storage, read> view_gradients: array<f32>;       // [V, 4, H, W], ∂L/∂x
@group(0) @binding(3) var<storage, read_write> gradient: array<f32>;       // [V, 4, H, W], ∂L/∂p

// The first of a pixel's four words; the others follow a plane apart.
fn first_of(pixel: u32) -> u32 { return pixel / plane * 4u * plane + pixel % plane; }

fn values_of(pixel: u32) -> vec4f {
  let at = first_of(pixel);
  let p = vec4f(
    parameters[at], parameters[at + plane], parameters[at + 2u * plane], parameters[at + 3u * plane]
  );
  return 1.0 / (1.0 + exp(-p));
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= pixels) { return; }
  let v = values_of(id.x);
  let at = first_of(id.x);
  views[at] = v.a * v.r;
  views[at + plane] = v.a * v.g;
  views[at + 2u * plane] = v.a * v.b;
  views[at + 3u * plane] = v.a;
}

// ∂L/∂p_c = g_c a c (1 − c),  ∂L/∂p_a = (Σ g_c c + g_a) a (1 − a)
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= pixels) { return; }
  let v = values_of(id.x);
  let at = first_of(id.x);
  let g = vec4f(
    view_gradients[at], view_gradients[at + plane],
    view_gradients[at + 2u * plane], view_gradients[at + 3u * plane]
  );
  let slope = v * (1.0 - v);
  let colour = g.rgb * v.a * slope.rgb;
  gradient[at] = colour.r;
  gradient[at + plane] = colour.g;
  gradient[at + 2u * plane] = colour.b;
  gradient[at + 3u * plane] = (dot(g.rgb, v.rgb) + g.a) * slope.a;
}
