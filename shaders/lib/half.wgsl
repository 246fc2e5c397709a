// A table's copy in half precision (docs/method.md, "Hash grid"): who writes the table writes it, by
// this function, so that equal values have equal copies.

// Two features of an entry. What exceeds f16 is clamped: pack2x16float leaves it undefined.
fn to_halves(entry: vec2f) -> u32 {
  return pack2x16float(clamp(entry, vec2f(-65504.0), vec2f(65504.0)));
}
