// Noise attached to the surface (CFD, Yan et al. 2025; docs/method.md, "Noise on the surface"): a sphere around the
// object is papered with Gaussian noise, and a pixel's noise is the sum of the texels that its surface covers, divided
// by the root of how many they are, so that it has unit variance and turns with the object.
// One thread owns one pixel.

#include "../lib/random.wgsl"
#include "../lib/camera.wgsl"

override pixels: u32;   // V·H·W
override side: u32;     // H = W
override channels: u32; // C
override around: u32;   // texels along the equator
override high: u32;     // texels from pole to pole

const samples = 6u; // along a pixel's side

struct Surface {
  cameras: array<Camera, 128>, // as many as a renderer has views at most
  seed: u32,
  noise_stream: u32,
  first: u32,   // the sheet of noise that is there
  share: f32,   // how far the next one has taken its place, in [0, 1)
}

@group(0) @binding(0) var<uniform> surface: Surface;
@group(0) @binding(1) var<storage, read> depth: array<f32>;          // [V, H, W], 0 where nothing is seen
@group(0) @binding(2) var<storage, read_write> epsilon: array<f32>; // [V, C, H, W]

// The texel that a direction from the centre falls into: the cylinder around a sphere has its areas (Archimedes).
fn texel_of(direction: vec3f) -> u32 {
  let turn = atan2(direction.x, direction.z) / 6.283185307179586 + 0.5;
  let height = 0.5 * (direction.y + 1.0);
  let column = min(u32(turn * f32(around)), around - 1u);
  let row = min(u32(max(height, 0.0) * f32(high)), high - 1u);
  return row * around + column;
}

// Noise of a texel: a sheet goes over into the next on a circle, which keeps the variance.
fn texel_noise(texel: u32, channel: u32) -> f32 {
  let index = texel * channels + channel;
  let angle = 1.5707963267948966 * surface.share;
  let now = random_normal(vec4u(surface.seed, surface.noise_stream, surface.first, index));
  let next = random_normal(vec4u(surface.seed, surface.noise_stream, surface.first + 1u, index));
  return cos(angle) * now + sin(angle) * next;
}

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if id.x >= pixels { return; }
  let plane = side * side;
  let view = id.x / plane;
  let corner = vec2f(vec2u(id.x % side, id.x % plane / side));
  let camera = surface.cameras[view];
  // Where nothing is seen, the noise lies on the plane through the centre that faces the camera.
  let distance = select(length(camera.position), depth[id.x], depth[id.x] > 0.0);
  var texels: array<u32, 36>;
  for (var s = 0u; s < samples * samples; s++) {
    let place = (vec2f(vec2u(s % samples, s / samples)) + 0.5) / f32(samples);
    let ray = camera_ray(camera, corner + place, vec2f(f32(side)));
    texels[s] = texel_of(normalize(ray.origin + distance * ray.direction));
  }
  // Each texel counts as often as it was met: the variance of the sum is the sum of the squares of the counts.
  var squares = 0.0;
  for (var s = 0u; s < samples * samples; s++) {
    for (var o = 0u; o < samples * samples; o++) {
      squares += select(0.0, 1.0, texels[s] == texels[o]);
    }
  }
  let scale = inverseSqrt(squares);
  for (var channel = 0u; channel < channels; channel++) {
    var sum = 0.0;
    for (var s = 0u; s < samples * samples; s++) { sum += texel_noise(texels[s], channel); }
    epsilon[(view * channels + channel) * plane + id.x % plane] = scale * sum;
  }
}
