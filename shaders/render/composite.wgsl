// Composites the points of each ray into premultiplied RGBA, and back (docs/method.md, "Compositing").
//   forward   one thread = one pixel: the mean over its rays, and its expected depth
//   backward  one thread = one ray: dL/d(rgb, sigma) of its points, each written by its ray alone
// Both see the rays of one tile; the views that backward reads are whole.
// A point's transmittance is kept in its gradient's w between backward's two walks, so nothing is
// divided by a transmittance or taken from a sum that it nearly equals.

override pixels: u32; // views * height * width
override tile_rays: u32;
override view_pixels: u32; // height * width
override step_length: f32;
override early_stop: f32; // transmittance below which the rest of a ray does not count

struct Frame {
  sparsity: f32, // weights of the regularisers
  opaque: f32,
  nearness: f32,
  rays_per_pixel: u32,
}

@group(0) @binding(0) var<storage, read> ray_points: array<vec2u>; // [tile rays] (offset, count)
@group(0) @binding(1) var<storage, read> values: array<vec4f>; // [capacity] rgb, sigma
@group(0) @binding(2) var<storage, read> positions: array<vec4f>; // [capacity] w = distance
@group(0) @binding(3) var<storage, read> tile: u32; // the first ray of the tile
@group(0) @binding(4) var<storage, read_write> views: array<f32>; // [V, 4, H, W]
@group(0) @binding(5) var<storage, read_write> depth: array<f32>; // [V, H, W]
@group(0) @binding(6) var<storage, read> view_gradients: array<f32>; // [V, 4, H, W]
@group(0) @binding(7) var<storage, read_write> value_gradients: array<vec4f>; // [capacity]
@group(0) @binding(8) var<uniform> frame: Frame;

// Index of a pixel's red value.
fn red_of(pixel: u32) -> u32 {
  return pixel / view_pixels * 4u * view_pixels + pixel % view_pixels;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let rays_per_pixel = frame.rays_per_pixel;
  let pixel = tile / rays_per_pixel + id.x;
  if id.x >= tile_rays / rays_per_pixel || pixel >= pixels {
    return;
  }
  var sum = vec4f(0.0);
  var distance = 0.0;
  for (var ray = id.x * rays_per_pixel; ray < (id.x + 1u) * rays_per_pixel; ray++) {
    let own = ray_points[ray];
    var transmittance = 1.0;
    for (var i = own.x; i < own.x + own.y && transmittance >= early_stop; i++) {
      let value = values[i];
      let through = exp(-value.w * step_length);
      let weight = transmittance * (1.0 - through);
      sum += weight * vec4f(value.rgb, 1.0);
      distance += weight * positions[i].w;
      transmittance *= through;
    }
  }
  let rgba = sum / f32(rays_per_pixel);
  let red = red_of(pixel);
  for (var c = 0u; c < 4u; c++) {
    views[red + c * view_pixels] = rgba[c];
  }
  depth[pixel] = select(0.0, distance / sum.a, sum.a > 0.0);
}

// Derivative of the regularisers with respect to a pixel's opacity; they are means over pixels.
fn regulariser_gradient(opacity: f32) -> f32 {
  var gradient = frame.sparsity * opacity / sqrt(opacity * opacity + 0.01);
  if opacity > 1e-3 && opacity < 1.0 - 1e-3 {
    gradient += frame.opaque * log((1.0 - opacity) / opacity);
  }
  return gradient / f32(pixels);
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) id: vec3u) {
  let rays_per_pixel = frame.rays_per_pixel;
  let pixel = (tile + id.x) / rays_per_pixel;
  if id.x >= tile_rays || pixel >= pixels {
    return;
  }
  let own = ray_points[id.x];
  let end = own.x + own.y;
  var stop = own.x;
  var transmittance = 1.0;
  for (; stop < end && transmittance >= early_stop; stop++) {
    value_gradients[stop].w = transmittance;
    transmittance *= exp(-values[stop].w * step_length);
  }
  for (var i = stop; i < end; i++) {
    value_gradients[i] = vec4f(0.0);
  }
  let red = red_of(pixel);
  var gradient = vec4f(0.0);
  for (var c = 0u; c < 4u; c++) {
    gradient[c] = view_gradients[red + c * view_pixels];
  }
  gradient.a += regulariser_gradient(views[red + 3u * view_pixels]);
  gradient /= f32(rays_per_pixel);
  let nearness = frame.nearness / f32(pixels * rays_per_pixel);
  let mean_distance = depth[pixel];
  var behind = 0.0; // gradient . what the ray shows from behind point i
  for (var i = stop; i > own.x; i--) {
    let value = values[i - 1u];
    let reached = value_gradients[i - 1u].w;
    let through = exp(-value.w * step_length);
    let here = dot(gradient.rgb, value.rgb) + gradient.a
      + nearness * (positions[i - 1u].w - mean_distance);
    value_gradients[i - 1u] = vec4f(
      reached * (1.0 - through) * gradient.rgb,
      step_length * reached * through * (here - behind),
    );
    behind = (1.0 - through) * here + through * behind;
  }
}
