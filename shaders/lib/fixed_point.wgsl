// Sums in i32 fixed point: integer addition is associative, so a sum by atomicAdd does not depend
// on the order of its terms and repeats bit for bit (docs/method.md, "Fixed point").

// A sum that its bound keeps in range stays below 2^30 plus one half for each term; beyond this
// magnitude a sum has saturated.
const fixed_point_limit = 1610612736; // 3 * 2^29

// True for NaN and infinity, tested by bits: a compiler may assume floats finite.
fn is_non_finite(value: f32) -> bool {
  return (bitcast<u32>(value) & 0x7f800000u) == 0x7f800000u;
}

// The smallest power of two with bound / quantum < 2^30. Infinity when the bound is not finite.
fn fixed_point_quantum(bound: f32) -> f32 {
  let biased = (bitcast<u32>(bound) >> 23u) & 255u;
  if (biased == 255u) { return bitcast<f32>(biased << 23u); }
  // 2^(biased - 126) exceeds the bound; both the quantum and its reciprocal must be normal.
  return bitcast<f32>(u32(clamp(i32(biased) - 29, 1, 253)) << 23u);
}

// 1 / quantum, exactly.
fn fixed_point_scale(quantum: f32) -> f32 {
  return bitcast<f32>((254u << 23u) - bitcast<u32>(quantum));
}

// Rounds to nearest: truncation would shrink every sum.
fn to_fixed_point(value: vec4f, scale: f32) -> vec4i {
  return vec4i(round(value * scale));
}
