/**
 * Vertices at which a mesh is not a closed, oriented manifold: ends of a side that is not matched by
 * exactly one opposite side, and vertices whose triangles do not form one ring.
 *
 * @param indices u32 [triangles, 3]
 * @param vertices number of vertices that they index.
 * @returns in ascending order; empty for a closed manifold.
 */
export function nonManifoldVertices(indices: Uint32Array, vertices: number): Uint32Array {
  const flawed = new Uint8Array(vertices);
  // From a vertex and the next corner of one of its triangles to the corner after that.
  const following = new Map<number, number>();
  const degree = new Uint32Array(vertices);
  for (let i = 0; i < indices.length; i += 3) {
    for (let corner = 0; corner < 3; corner++) {
      const a = indices[i + corner]!;
      const b = indices[i + ((corner + 1) % 3)]!;
      if (following.has(a * vertices + b)) flawed[a] = flawed[b] = 1;
      following.set(a * vertices + b, indices[i + ((corner + 2) % 3)]!);
      degree[a]!++;
    }
  }
  const start = new Int32Array(vertices).fill(-1);
  for (const side of following.keys()) {
    const a = Math.floor(side / vertices);
    const b = side % vertices;
    start[a] = b;
    if (!following.has(b * vertices + a)) flawed[a] = flawed[b] = 1;
  }
  for (let vertex = 0; vertex < vertices; vertex++) {
    if (flawed[vertex] || degree[vertex] === 0) continue;
    // Every side here has one opposite: the walk around the vertex comes back to where it began.
    let at = start[vertex]!;
    let steps = 0;
    do {
      at = following.get(vertex * vertices + at)!;
      steps++;
    } while (at !== start[vertex]);
    if (steps !== degree[vertex]) flawed[vertex] = 1;
  }
  return Uint32Array.from([...flawed.keys()].filter((vertex) => flawed[vertex]));
}
