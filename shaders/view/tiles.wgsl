// Square pictures side by side in one view, their pixels enlarged to squares. One thread = one pixel of the view.

override width: u32;
override height: u32;
override count: u32;   // pictures
override size: u32;    // their side in pixels
override columns: u32;
override rows: u32;
override side: u32;    // of a picture in the view, in pixels of the view

// Free pixels around a picture.
const gap = 1u;

@group(0) @binding(0) var<storage, read> views: array<f32>;       // [count, 4, size, size]
@group(0) @binding(1) var<storage, read_write> tiled: array<f32>; // [4, height, width]

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let plane = width * height;
  if id.x >= plane { return; }
  let left = (width - columns * side) / 2u;
  let top = (height - rows * side) / 2u;
  // What lies left of the pictures or above them wraps around to numbers that no picture has.
  let x = id.x % width - left;
  let y = id.x / width - top;
  let picture = y / side * columns + x / side;
  let within = vec2u(x % side, y % side);
  let inside = x < columns * side && y < rows * side && picture < count
    && all(within >= vec2u(gap)) && all(within < vec2u(max(side, gap) - gap));
  let texel = within * size / side;
  for (var c = 0u; c < 4u; c++) {
    var value = 0.0;
    if inside { value = views[((picture * 4u + c) * size + texel.y) * size + texel.x]; }
    tiled[c * plane + id.x] = value;
  }
}
