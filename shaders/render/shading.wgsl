// Shades views (docs/method.md, "Shading"). One thread = one pixel; each entry point makes the views that
// it is named after.

#include "../lib/camera.wgsl"

override width: u32;
override height: u32;
override stride: u32; // pixels from tap to tap

const least_opacity = 1.0 / 512.0; // below it a byte rounds to nothing
const taps = 2; // to either side
const jump = 0.1; // of depth between neighbours, beyond which they are of different surfaces
const ridge = 0.02; // in squared taps: flattens what too few neighbours tell of
// Over the viewer's left shoulder: right, up, back of the camera; of unit length.
const light = vec3f(-0.4364, 0.6547, 0.6172);
const ambient = 0.45;

struct Frame {
  cameras: array<Camera, 128>,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> views: array<f32>; // [V, 4, H, W] RGB premultiplied, alpha
@group(0) @binding(2) var<storage, read> distances: array<f32>; // [V, H, W] expected, from the camera
@group(0) @binding(3) var<storage, read_write> shaded: array<f32>; // [V, 4, H, W]

fn value_at(pixel: vec3u, channel: u32) -> u32 {
  return ((pixel.z * 4u + channel) * height + pixel.y) * width + pixel.x;
}

fn distance_at(pixel: vec3u) -> f32 {
  return distances[(pixel.z * height + pixel.y) * width + pixel.x];
}

fn is_outside(pixel: vec3u) -> bool {
  return pixel.x >= width || pixel.y >= height;
}

fn opacity_of(pixel: vec3u) -> f32 {
  return views[value_at(pixel, 3u)];
}

fn show(pixel: vec3u, color: vec4f) {
  for (var c = 0u; c < 4u; c++) {
    shaded[value_at(pixel, c)] = color[c];
  }
}

// Whether nothing is left to do at a pixel: it is outside or, once this has cleared it, shows nothing.
fn is_clear(pixel: vec3u) -> bool {
  if is_outside(pixel) {
    return true;
  }
  if opacity_of(pixel) < least_opacity {
    show(pixel, vec4f(0.0));
    return true;
  }
  return false;
}

// Change of the distance from tap to tap, to the right and down: a weighted least-squares plane.
fn slope_at(pixel: vec3u) -> vec2f {
  let centre = distance_at(pixel);
  var weights = 0.0;
  var mean = vec3f(0.0); // of tap and distance
  var spread = vec3f(0.0); // sums of xx, yy, xy
  var rise = vec2f(0.0); // sums of x and y times distance
  for (var j = -taps; j <= taps; j++) {
    for (var i = -taps; i <= taps; i++) {
      let place = vec2i(pixel.xy) + i32(stride) * vec2i(i, j);
      if any(place < vec2i(0)) || place.x >= i32(width) || place.y >= i32(height) {
        continue;
      }
      let neighbour = vec3u(vec2u(place), pixel.z);
      let away = distance_at(neighbour) - centre;
      let kin = 1.0 / (1.0 + (away / jump) * (away / jump));
      let weight = opacity_of(neighbour) * kin * kin;
      let tap = vec2f(f32(i), f32(j));
      weights += weight;
      mean += weight * vec3f(tap, away);
      spread += weight * vec3f(tap * tap, tap.x * tap.y);
      rise += weight * away * tap;
    }
  }
  mean /= weights;
  spread = spread / weights - vec3f(mean.xy * mean.xy, mean.x * mean.y) + vec3f(ridge, ridge, 0.0);
  rise = rise / weights - mean.z * mean.xy;
  let determinant = spread.x * spread.y - spread.z * spread.z;
  return (rise * spread.yx - rise.yx * spread.z) / determinant;
}

// Of a pixel that shows something: across the surface of expected depth, towards the viewer.
fn normal_at(pixel: vec3u) -> vec3f {
  let camera = frame.cameras[pixel.z];
  let size = vec2f(f32(width), f32(height));
  let centre = vec2f(pixel.xy) + 0.5;
  let across = f32(stride);
  let here = camera_ray(camera, centre, size).direction;
  let right = camera_ray(camera, centre + vec2f(across, 0.0), size).direction;
  let below = camera_ray(camera, centre + vec2f(0.0, across), size).direction;
  let distance = distance_at(pixel);
  let slope = slope_at(pixel);
  let to_right = (distance + slope.x) * right - distance * here;
  let down = (distance + slope.y) * below - distance * here;
  let normal = cross(down, to_right);
  let size_squared = dot(normal, normal);
  return select(-here, normal * inverseSqrt(size_squared), size_squared > 1e-20);
}

@compute @workgroup_size(8, 8)
fn normals(@builtin(global_invocation_id) pixel: vec3u) {
  if is_clear(pixel) {
    return;
  }
  let opacity = opacity_of(pixel);
  show(pixel, opacity * vec4f(0.5 * normal_at(pixel) + 0.5, 1.0));
}

@compute @workgroup_size(8, 8)
fn lit(@builtin(global_invocation_id) pixel: vec3u) {
  if is_clear(pixel) {
    return;
  }
  let opacity = opacity_of(pixel);
  let camera = frame.cameras[pixel.z];
  let to_light = light.x * camera.right + light.y * camera.up + light.z * camera.back;
  let shade = ambient + (1.0 - ambient) * max(0.0, dot(normal_at(pixel), to_light));
  var color = vec4f(0.0, 0.0, 0.0, opacity);
  for (var c = 0u; c < 3u; c++) {
    color[c] = shade * views[value_at(pixel, c)];
  }
  show(pixel, color);
}

@compute @workgroup_size(8, 8)
fn depth(@builtin(global_invocation_id) pixel: vec3u) {
  if is_clear(pixel) {
    return;
  }
  let opacity = opacity_of(pixel);
  let far = length(frame.cameras[pixel.z].position) + 1.0;
  let nearness = clamp((far - distance_at(pixel)) / 2.0, 0.0, 1.0);
  show(pixel, opacity * vec4f(vec3f(nearness), 1.0));
}

@compute @workgroup_size(8, 8)
fn opacity(@builtin(global_invocation_id) pixel: vec3u) {
  if is_outside(pixel) {
    return;
  }
  show(pixel, vec4f(vec3f(opacity_of(pixel)), 1.0));
}
