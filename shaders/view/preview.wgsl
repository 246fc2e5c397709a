// The preview's picture: one view, planar f32, to RGBA bytes in rows that a texture copy accepts.
// One thread = one pixel.

override side: u32; // pixels along the square picture
override row_words: u32; // words from row to row: a texture copy asks for multiples of 64

@group(0) @binding(0) var<storage, read> views: array<f32>; // [4, side, side] RGB premultiplied, alpha
@group(0) @binding(1) var<storage, read_write> texels: array<u32>; // [side, row_words] red lowest

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let plane = side * side;
  let pixel = id.x;
  if pixel >= plane {
    return;
  }
  let color = vec4f(
    views[pixel],
    views[plane + pixel],
    views[2u * plane + pixel],
    views[3u * plane + pixel],
  );
  texels[pixel / side * row_words + pixel % side] = pack4x8unorm(color);
}
