// Sums over the 256 threads of a workgroup, in a fixed order.

var<workgroup> sums: array<vec2f, 256>;

// Called by all threads together; each gets the sum.
fn sum_of_all(lane: u32, own: vec2f) -> vec2f {
  sums[lane] = own;
  workgroupBarrier();
  if (lane == 0u) {
    for (var i = 1u; i < 256u; i++) { sums[0] += sums[i]; }
  }
  return workgroupUniformLoad(&sums[0]);
}
