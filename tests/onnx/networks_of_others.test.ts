/**
 * Networks of diffusers and transformers, tiny and with random weights: their gradients against PyTorch's. `npm run
 * test:onnx` makes those whose packages are installed; without them there is nothing to compare.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { differentiate, inferShapes, injectLora, peakMemory, read } from '#onnx';
import { cosine, GraphSession, relativeError } from './graph_session';

const folder = new URL('../../.cache/graphs/networks/', import.meta.url);
const names = existsSync(folder) ? readdirSync(folder).sort() : [];

/** The float32 tensors of a safetensors file (https://github.com/huggingface/safetensors). */
function tensors(file: URL): Map<string, Float32Array> {
  const bytes = new Uint8Array(readFileSync(file));
  const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
  const found = new Map<string, Float32Array>();
  for (const [name, entry] of Object.entries<{ dtype: string; data_offsets: [number, number] }>(
    header,
  )) {
    if (entry.dtype !== 'F32') continue;
    const [start, end] = entry.data_offsets;
    const data = bytes.slice(8 + length + start, 8 + length + end);
    found.set(name, new Float32Array(data.buffer));
  }
  return found;
}

const load = (name: string) => ({
  graph: read(new Uint8Array(readFileSync(new URL(`${name}/model.onnx`, folder))), name),
  reference: tensors(new URL(`${name}/reference.safetensors`, folder)),
});

describe.skipIf(names.length === 0)('gradients of', () => {
  test.each(names.map((name) => [name]))('%s by its inputs', async (name) => {
    const { graph, reference } = load(name);
    const fixed = inferShapes(graph);
    const [output] = fixed.outputs;
    const wanted = fixed.inputs.map((i) => i.name).filter((n) => reference.has(`gradient/${n}`));
    expect(wanted.length).toBeGreaterThan(0);
    const by = { of: { [output!.name]: 'seed' }, withRespectTo: wanted };
    const whole = differentiate(fixed, by);
    const feeds = Object.fromEntries(
      fixed.inputs.map((input) => [input.name, reference.get(`input/${input.name}`)!]),
    );
    const check = async ({ graph: backward, gradients }: typeof whole) => {
      const session = await GraphSession.create(backward);
      const results = await session.run({ ...feeds, seed: reference.get('seed')! });
      expect(relativeError(results[output!.name]!, reference.get('output')!)).toBeLessThan(1e-4);
      for (const input of wanted) {
        const truth = reference.get(`gradient/${input}`)!;
        expect(cosine(results[gradients[input]!]!, truth), input).toBeGreaterThan(0.99999);
        expect(relativeError(results[gradients[input]!]!, truth), input).toBeLessThan(1e-3);
      }
      await session.dispose();
    };
    await check(whole);
    // The same within three quarters of the memory.
    const memory = 0.75 * peakMemory(whole.graph);
    const small = differentiate(fixed, { ...by, memory });
    expect(peakMemory(small.graph)).toBeLessThanOrEqual(memory);
    await check(small);
  });

  // The newer exporter notes the modules: only there are adapters told apart by PyTorch's names.
  const adapted = names.filter((name) => /dynamo/.test(name) && !name.startsWith('vae'));
  test.each(adapted.map((name) => [name]))('%s by LoRA factors', async (name) => {
    const { graph, reference } = load(name);
    const targets = [/to_[qkv]$/, /to_out\.0$/, /[qkv]_proj$/, /out_proj$/].filter((target) =>
      [...reference.keys()].some((key) => target.test(key.replace(/\.[AB]$/, ''))),
    );
    const lora = injectLora(graph, { targets, rank: 2 });
    const own = [...reference.keys()].filter((key) => key.startsWith('lora/'));
    expect(lora.layout.length).toBe(own.length);
    const flat = (prefix: string) => {
      const vector = new Float32Array(lora.size);
      for (const entry of lora.layout) {
        const key = own.find((k) => k.endsWith(entry.name.replace(/^inner\./, '')))!;
        vector.set(reference.get(`${prefix}${key}`)!, entry.offset);
      }
      return vector;
    };
    const fixed = inferShapes(lora.graph);
    const by = { of: { [fixed.outputs[0]!.name]: 'seed' }, withRespectTo: ['lora'] };
    const session = await GraphSession.create(differentiate(fixed, by).graph);
    const feeds = fixed.inputs.map((input) => [
      input.name,
      input.name === 'lora' ? flat('') : reference.get(`input/${input.name}`)!,
    ]);
    const results = await session.run({
      ...Object.fromEntries(feeds),
      seed: reference.get('seed')!,
    });
    const truth = flat('gradient/');
    expect(cosine(results['gradient/lora']!, truth)).toBeGreaterThan(0.99999);
    expect(relativeError(results['gradient/lora']!, truth)).toBeLessThan(1e-3);
    await session.dispose();
  });
});
