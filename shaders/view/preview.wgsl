// The preview's picture: one view, planar f32, to RGBA bytes in rows that a texture copy accepts.
// One thread = one pixel.

override width: u32;
override height: u32;
override row_words: u32; // words from row to row: a texture copy asks for multiples of 64

@group(0) @binding(0) var<storage, read> views: array<f32>; // [4, height, width] RGB premultiplied, alpha
@group(0) @binding(1) var<storage, read_write> texels: array<u32>; // [height, row_words] red lowest

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  let plane = width * height;
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
  texels[pixel / width * row_words + pixel % width] = pack4x8unorm(color);
}
