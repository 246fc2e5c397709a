// Column sums of a matrix [rows, columns], in the order of the rows: repeatable bit for bit.
// One thread = one column.

override rows: u32;
override columns: u32;

@group(0) @binding(0) var<storage, read> partials: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> sums: array<vec4f>;

@compute @workgroup_size(64)
fn reduce(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= columns) { return; }
  var sum = vec4f(0.0);
  for (var row = 0u; row < rows; row++) { sum += partials[row * columns + id.x]; }
  sums[id.x] = sum;
}
