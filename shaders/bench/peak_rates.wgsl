// What an adapter can do at best, one resource at a time (docs/performance.md, "Cost model"). Each
// kernel keeps one resource busy and the others idle, and writes a result so that no work is dropped.
//
// multiply_add  one thread = sixteen independent chains of fused multiply-adds
// exponential   one thread = four independent chains of e^x
// stream        one thread = one vec4f read and one written
// total         one thread = eight vec4f read, and their sum written
// gather        one thread = a series of reads of random pairs of neighbouring words
// scatter_add   one thread = a series of i32 atomic adds to random pairs of neighbouring 8-byte entries
// step          one thread: a word that depends on the dispatch before
//
// A word as an entry of a hash grid's table in f16, 8 bytes as one of its gradient. Pairs because a cell's vertices (x, y, z) and (x + 1, y, z) mostly lie in one pair of entries, in a
// dense level by their index and in a hashed one because the hash of x is x.

override iterations: u32;
override mask: u32; // entries of the table less one, a power of two less one

@group(0) @binding(0) var<storage, read> source: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sink: array<vec4f>;
@group(0) @binding(2) var<storage, read> table: array<u32>;
@group(0) @binding(3) var<storage, read_write> sums: array<atomic<i32>>;
@group(0) @binding(4) var<storage, read_write> counter: u32;

struct Chains { a: vec4f, b: vec4f, c: vec4f, d: vec4f }

fn advance(x: Chains, scale: vec4f, shift: vec4f) -> Chains {
  return Chains(
    fma(x.a, scale, shift),
    fma(x.b, scale, shift),
    fma(x.c, scale, shift),
    fma(x.d, scale, shift),
  );
}

fn advance4(x: Chains, m: vec4f, s: vec4f) -> Chains {
  return advance(advance(advance(advance(x, m, s), m, s), m, s), m, s);
}

@compute @workgroup_size(64)
fn multiply_add(@builtin(global_invocation_id) id: vec3u) {
  let start = vec4f(vec4u(id.x) + vec4u(0u, 1u, 2u, 3u));
  let scale = source[0];
  let shift = source[1];
  var x = Chains(start, start + 4.0, start + 8.0, start + 12.0);
  for (var i = 0u; i < iterations; i++) {
    x = advance4(advance4(advance4(advance4(x, scale, shift), scale, shift), scale, shift), scale, shift);
  }
  sink[id.x] = (x.a + x.b) + (x.c + x.d);
}

@compute @workgroup_size(64)
fn exponential(@builtin(global_invocation_id) id: vec3u) {
  var x = vec4f(vec4u(id.x) + vec4u(0u, 1u, 2u, 3u)) * 1e-6;
  for (var i = 0u; i < iterations; i++) {
    x = exp(-x);
  }
  sink[id.x] = x;
}

@compute @workgroup_size(64)
fn stream(@builtin(global_invocation_id) id: vec3u) {
  sink[id.x] = source[id.x];
}

// The sum of two vec4f that lie `stride` apart.
fn read_two(i: u32, stride: u32) -> vec4f {
  return source[i] + source[i + stride];
}

@compute @workgroup_size(64)
fn total(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  let stride = 64u * groups.x;
  sink[id.x] = (read_two(id.x, stride) + read_two(id.x + 2u * stride, stride))
    + (read_two(id.x + 4u * stride, stride) + read_two(id.x + 6u * stride, stride));
}

// An even entry of the table and its neighbour: the two are `first` and `first + 1`.
fn random_pair(seed: u32) -> u32 {
  let mixed = (seed ^ (seed >> 15u)) * 2654435761u;
  return (mixed >> 8u) & mask & 0xfffffffeu;
}

fn read_pair(seed: u32) -> u32 {
  let first = random_pair(seed);
  return table[first] + table[first + 1u];
}

fn add_to_pair(seed: u32) {
  let word = 2u * random_pair(seed);
  atomicAdd(&sums[word], 1);
  atomicAdd(&sums[word + 1u], -1);
  atomicAdd(&sums[word + 2u], 2);
  atomicAdd(&sums[word + 3u], -2);
}

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) id: vec3u) {
  var sum = 0u;
  for (var i = 0u; i < iterations; i++) {
    let seed = (id.x * iterations + i) * 8u;
    sum += (read_pair(seed) + read_pair(seed + 1u)) + (read_pair(seed + 2u) + read_pair(seed + 3u));
    sum += (read_pair(seed + 4u) + read_pair(seed + 5u))
      + (read_pair(seed + 6u) + read_pair(seed + 7u));
  }
  sink[id.x] = vec4f(f32(sum), 0.0, 0.0, 0.0);
}

@compute @workgroup_size(64)
fn scatter_add(@builtin(global_invocation_id) id: vec3u) {
  for (var i = 0u; i < iterations; i++) {
    let seed = (id.x * iterations + i) * 8u;
    add_to_pair(seed);
    add_to_pair(seed + 1u);
    add_to_pair(seed + 2u);
    add_to_pair(seed + 3u);
    add_to_pair(seed + 4u);
    add_to_pair(seed + 5u);
    add_to_pair(seed + 6u);
    add_to_pair(seed + 7u);
  }
}

@compute @workgroup_size(1)
fn step() {
  counter += 1u;
}
