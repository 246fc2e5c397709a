// Counter-based randomness, twin of src/random.ts: a draw is a pure function of
// (seed, stream, step, index). PCG4D: Jarzynski and Olano, JCGT 9(3), 2020.

fn pcg4d(counter: vec4u) -> vec4u {
  var v = counter * 1664525u + 1013904223u;
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  v ^= v >> vec4u(16u);
  v.x += v.y * v.w;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v.w += v.y * v.z;
  return v;
}

const random_unit = 1.0 / 16777216.0;

// Uniform in [0, 1), a multiple of 2^-24.
fn random_uniform(counter: vec4u) -> f32 {
  return f32(pcg4d(counter).x >> 8u) * random_unit;
}

// Four independent uniforms in [0, 1).
fn random_uniform4(counter: vec4u) -> vec4f {
  return vec4f(pcg4d(counter) >> vec4u(8u)) * random_unit;
}

// Standard normal by Box and Muller's transform.
fn random_normal(counter: vec4u) -> f32 {
  let r = pcg4d(counter);
  let u = f32((r.x >> 8u) + 1u) * random_unit;
  let v = f32(r.y >> 8u) * random_unit;
  return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * v);
}

// What a ray draws in a step: x the offset of its steps, yz its place in its cell of the pixel.
fn ray_chance(seed: u32, stream: u32, step: u32, ray: u32) -> vec4f {
  return random_uniform4(vec4u(seed, stream, step, ray));
}
