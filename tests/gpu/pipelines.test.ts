import { beforeAll, beforeEach, describe, expect, test } from 'vitest';
import mlp from '../../shaders/field/mlp.wgsl';
import { Field } from '../../src/field/field';
import { Shader } from '../../src/gpu/kernel';
import { Pipelines } from '../../src/gpu/pipelines';
import { overridesOf } from '../../src/gpu/wgsl';
import { ringCameras } from '../../src/render/camera';
import { Renderer } from '../../src/render/renderer';
import { renderStill } from '../../src/render/still';
import { openTestGpu, type TestGpu } from '../gpu';

const code = `
override factor: u32;
override half = factor / 2u; // of the factor
override unused: u32;
@group(0) @binding(0) var<storage, read_write> data: array<u32>;
fn scaled(x: u32) -> u32 { return x * half; }
@compute @workgroup_size(1) fn scale() { data[0] = scaled(data[0]); }
@compute @workgroup_size(1) fn count() { data[0] += 1u; }
`;

let t: TestGpu;
let pipelines: Pipelines;
/** The test's device with a cache of its own. */
const own = () => ({ ...t.gpu, pipelines });

beforeAll(async () => {
  t = await openTestGpu();
});
beforeEach(() => {
  pipelines = new Pipelines(t.gpu.device);
});

const ask = (entryPoint: string, constants: Record<string, number>, text = code) =>
  pipelines.pipeline(entryPoint, pipelines.program('test', text), entryPoint, constants);

describe('the overrides that an entry point depends on', () => {
  test('are found through what it calls, other overrides and attributes', () => {
    expect([...overridesOf(code, 'scale')].sort()).toEqual(['factor', 'half']);
    expect([...overridesOf(code, 'count')]).toEqual([]);
    const sized = 'override a = 4u; override b = a; @compute @workgroup_size(b) fn main() {}';
    expect([...overridesOf(sized, 'main')].sort()).toEqual(['a', 'b']);
  });

  test('are those of one of several entry points alone', () => {
    const forward = overridesOf(mlp, 'forward');
    expect([...forward]).toContain('threads');
    expect([...forward]).not.toContain('rows');
  });

  test('are not found in comments', () => {
    const text =
      'override a: u32; /* a; } */ @compute @workgroup_size(1) fn main() { /* a */ } // a';
    expect([...overridesOf(text, 'main')]).toEqual([]);
  });
});

describe('a pipeline', () => {
  test('is shared by all who ask for the same', () => {
    const constants = { factor: 4, unused: 0 };
    expect(ask('scale', constants)).toBe(ask('scale', { ...constants }));
    expect(ask('scale', constants)).toBe(ask('scale', { ...constants, unused: 7 }));
    expect(ask('count', constants)).toBe(ask('count', { factor: 6, unused: 0 }));
  });

  test('is another for another constant, entry point or text', () => {
    const constants = { factor: 4, unused: 0 };
    const asked = ask('scale', constants);
    expect(ask('scale', { factor: 6, unused: 0 })).not.toBe(asked);
    expect(ask('count', constants)).not.toBe(asked);
    expect(ask('scale', constants, `${code}\n`)).not.toBe(asked);
  });

  test('is compiled by `ready`, without being recorded', async () => {
    ask('scale', { factor: 4 });
    expect(pipelines.compiled).toEqual([]);
    await pipelines.ready();
    expect(pipelines.compiled).toEqual(['scale']);
  });

  test('computes the same whether it was waited for or not', async () => {
    for (const wait of [true, false]) {
      const data = t.arena.upload('data', Uint32Array.of(5));
      const dispatch = new Shader(own(), 'test', code, { factor: 6 + Number(wait) }).bind('scale', {
        data,
      });
      if (wait) await pipelines.ready();
      await t.run((pass) => dispatch.record(pass, 1));
      expect((await t.readback.words(data))[0]).toBe(15);
    }
    expect(pipelines.compiled).toEqual(['test.scale', 'test.scale']);
  });

  test('that was not asked for of late is let go of', async () => {
    pipelines = new Pipelines(t.gpu.device, 2);
    const [first, second] = [ask('scale', { factor: 2 }), ask('scale', { factor: 4 })];
    expect(ask('scale', { factor: 2 })).toBe(first);
    ask('scale', { factor: 6 });
    expect(ask('scale', { factor: 2 })).toBe(first);
    expect(ask('scale', { factor: 4 })).not.toBe(second);
  });
});

describe('what does not compile', () => {
  // Dawn reports it to whoever listens, too.
  const unheard = async (act: () => Promise<void>) => {
    t.gpu.device.pushErrorScope('validation');
    await act().finally(() => t.gpu.device.popErrorScope());
  };

  test('is named with its entry point and the line, and then forgotten', async () => {
    const wrong = code.replace('data[0] += 1u', 'data[0] += 1.5');
    await unheard(async () => {
      const program = pipelines.program('test', wrong);
      pipelines.pipeline('test.count', program, 'count', {});
      await expect(pipelines.ready()).rejects.toThrow(/^test\.count does not compile: line 8: /);
      ask('count', {});
      await pipelines.ready();
      expect(pipelines.compiled).toEqual(['count']);
    });
  });

  test('is an error that names the shader where the text cannot even be read', async () => {
    await unheard(async () => {
      expect(() => new Shader(own(), 'test.text', 'fn fn fn')).toThrow(/^test\.text is no WGSL: /);
    });
  });

  test('an entry point that is not there is named', () => {
    expect(() => new Shader(own(), 'test', code).bind('nowhere', {})).toThrow(
      "test has no entry point 'nowhere'.",
    );
  });
});

test('a lost device leaves nothing behind', async () => {
  const { gpu } = await openTestGpu();
  gpu.pipelines.pipeline('count', gpu.pipelines.program('test', code), 'count', {});
  await gpu.pipelines.ready();
  expect(gpu.pipelines.compiled).toHaveLength(1);
  gpu.device.destroy();
  await gpu.device.lost;
  await Promise.resolve();
  expect(gpu.pipelines.compiled).toEqual([]);
});

describe('a renderer', () => {
  const size = { views: 1, width: 8, height: 8, samplesPerRay: 16 };

  test('made once more compiles nothing', async () => {
    const make = async () => {
      const gpu = own();
      const field = new Field(gpu, { levels: 2 });
      const renderer = new Renderer(gpu, field, size);
      await pipelines.ready();
      renderer.dispose();
      field.dispose();
      return pipelines.compiled;
    };
    const first = await make();
    expect(first.length).toBeGreaterThan(15);
    expect(await make()).toEqual(first);
  });

  test('of stills compiles no backward kernel', async () => {
    const gpu = own();
    const field = new Field(gpu, { levels: 2 });
    const cameras = ringCameras(1, { elevation: 20, distance: 2.5, fovy: 40 });
    await renderStill(gpu, field, { cameras, size: 8, samplesPerRay: 16, shading: 'normals' });
    expect(pipelines.compiled).toContain('render.composite.forward');
    expect(pipelines.compiled.filter((label) => /backward|advance|restart/.test(label))).toEqual(
      [],
    );
    field.dispose();
  });
});
