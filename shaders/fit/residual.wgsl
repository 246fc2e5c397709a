// What a step of a fit asks of the views (docs/method.md, "Fitting objects"): each ray's colour against
// that of the known view where the ray went through.
//   residual  one thread = one ray, which is one pixel of the rendered view: dL/dview, its error
//   measure   one workgroup: the mean error, summed in a fixed order
// The error of a channel is its difference squared, or, where `charbonnier` c is not 0, sqrt(d² + c²) − c.
// Known views are point samples, [views, side, side] RGBA8, each the colour of the centre of its
// cell, finer than the rays' pixels: a ray falls into one cell, and the march moves it to the centre.

#include "../lib/random.wgsl"
#include "../lib/lattice.wgsl"

override rays: u32; // views * height * width, of the rendering
override width: u32; // of the rendering
override height: u32;
override known_side: u32; // samples along the side of a known view
override stream: u32; // of the random numbers: the march's
override charbonnier: f32;

struct Frame {
  known: array<vec4u, 32>, // the known view of each rendered view, four to a word
  seed: u32,
  step: u32,
}

@group(0) @binding(0) var<uniform> frame: Frame;
@group(0) @binding(1) var<storage, read> known_views: array<u32>; // RGBA8
@group(0) @binding(2) var<storage, read> views: array<f32>; // [V, 4, H, W]
@group(0) @binding(3) var<storage, read_write> view_gradients: array<f32>; // [V, 4, H, W]
@group(0) @binding(4) var<storage, read_write> errors: array<f32>; // [rays]
@group(0) @binding(5) var<storage, read_write> mean_error: f32;

fn known_colour(ray: u32) -> vec4f {
  let view = ray / (width * height);
  let corner = vec2f(f32(ray % width), f32(ray / width % height));
  let place = corner + ray_chance(frame.seed, stream, frame.step, ray).yz;
  let cell = vec2u(lattice_cell(place, f32(known_side), vec2f(f32(width), f32(height))));
  let known = frame.known[view / 4u][view % 4u];
  return unpack4x8unorm(known_views[(known * known_side + cell.y) * known_side + cell.x]);
}

@compute @workgroup_size(64)
fn residual(@builtin(global_invocation_id) id: vec3u) {
  let ray = id.x;
  if ray >= rays {
    return;
  }
  let pixels = width * height;
  let wanted = known_colour(ray);
  let red = ray / pixels * 4u * pixels + ray % pixels;
  var error = 0.0;
  for (var c = 0u; c < 4u; c++) {
    let difference = views[red + c * pixels] - wanted[c];
    var slope = 2.0 * difference;
    if charbonnier > 0.0 {
      let robust = sqrt(difference * difference + charbonnier * charbonnier);
      slope = difference / robust;
      error += robust - charbonnier;
    } else {
      error += difference * difference;
    }
    view_gradients[red + c * pixels] = slope / f32(4u * rays);
  }
  errors[ray] = error / 4.0;
}

const lanes = 256u;
var<workgroup> sums: array<f32, lanes>;

@compute @workgroup_size(lanes)
fn measure(@builtin(local_invocation_index) lane: u32) {
  var sum = 0.0;
  for (var ray = lane; ray < rays; ray += lanes) {
    sum += errors[ray];
  }
  sums[lane] = sum;
  workgroupBarrier();
  if lane == 0u {
    var total = 0.0;
    for (var i = 0u; i < lanes; i++) {
      total += sums[i];
    }
    mean_error = total / f32(rays);
  }
}
