import type { RadianceField } from '../src/render/radiance_field';
import type { TestGpu } from './gpu';

/**
 * A field without parameters for tests of what lies around it.
 * @param body WGSL of `fn field(p: vec3f) -> vec4f { body }`: rgb, sigma at a point of the unit ball.
 */
export function analyticField(t: TestGpu, body: string): RadianceField {
  const code = `
@group(0) @binding(0) var<storage, read> positions: array<vec4f>;
@group(0) @binding(1) var<storage, read> count: vec4u;
@group(0) @binding(2) var<storage, read_write> values: array<vec4f>;
fn field(p: vec3f) -> vec4f { ${body} }
@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) id: vec3u) {
  if id.x < count.x { values[id.x] = field(positions[id.x].xyz); }
}`;
  return {
    wordsPerPoint: 4,
    evaluator: ({ positions, count, capacity }) => {
      const values = t.arena.allocate('analytic.values', capacity * 4);
      const valueGradients = t.arena.allocate('analytic.valueGradients', capacity * 4);
      const dispatch = t.shader('analytic', code).bind('forward', { positions, count, values });
      return {
        values,
        valueGradients,
        forward: (pass: GPUComputePassEncoder) => dispatch.recordIndirect(pass, count, 4),
        backward: () => {},
        accumulate: () => {},
        reduce: () => {},
        scatter: () => {},
        dispose: () => {},
      };
    },
  };
}
