// RGB over a background (docs/method.md, "Space"): what a model without alpha sees of premultiplied views,
//   c = C + (1 − A) b
// One thread owns one pixel.

override pixels: u32; // V·H·W
override plane: u32;  // H·W

struct Background {
  colour: vec3f,
}

@group(0) @binding(0) var<uniform> background: Background;
@group(0) @binding(1) var<storage, read> views: array<f32>;               // [V, 4, H, W]
@group(0) @binding(2) var<storage, read_write> model_input: array<f32>;   // [V, 3, H, W]
@group(0) @binding(3) var<storage, read> input_gradient: array<f32>;      // [V, 3, H, W], ∂L/∂c
@group(0) @binding(4) var<storage, read_write> view_gradients: array<f32>; // [V, 4, H, W], ∂L/∂(C, A)

// The first word of a pixel in a picture of so many channels; the others follow a plane apart.
fn first_of(pixel: u32, channels: u32) -> u32 {
  return pixel / plane * channels * plane + pixel % plane;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= pixels) { return; }
  let rgba = first_of(id.x, 4u);
  let rgb = first_of(id.x, 3u);
  let behind = 1.0 - views[rgba + 3u * plane];
  for (var c = 0u; c < 3u; c++) {
    model_input[rgb + c * plane] = views[rgba + c * plane] + behind * background.colour[c];
  }
}

// ∂L/∂C = ∂L/∂c,  ∂L/∂A = −b · ∂L/∂c
@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= pixels) { return; }
  let rgb = first_of(id.x, 3u);
  let rgba = first_of(id.x, 4u);
  var alpha = 0.0;
  for (var c = 0u; c < 3u; c++) {
    let g = input_gradient[rgb + c * plane];
    view_gradients[rgba + c * plane] = g;
    alpha -= background.colour[c] * g;
  }
  view_gradients[rgba + 3u * plane] = alpha;
}
