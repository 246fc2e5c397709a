/** The example of the library's README, run as it stands there. */
import { readFileSync } from 'node:fs';
import * as ort from 'onnxruntime-node';
import { expect, test } from 'vitest';
import * as onnx from '#onnx';
import { random } from './graph_session';
import { draws } from './networks';

const readme = readFileSync(new URL('../../src/onnx/README.md', import.meta.url), 'utf8');

/** y = tanh(x W1) W2 of x [N, 3], as a file. */
function modelFile(): Uint8Array<ArrayBuffer> {
  const g = new onnx.Expressions({ name: 'model' });
  const weight = (name: string, shape: readonly [number, number], seed: number) =>
    g.initializer(name, onnx.makeTensor(random(shape[0] * shape[1], seed), shape, 'float32'));
  const hidden = g.op('Tanh', [g.matmul(g.input('x', [1, 3]), weight('w1', [3, 6], 1))]);
  g.output(g.matmul(hidden, weight('w2', [6, 2], 2)), 'y');
  const graph = g.build();
  return onnx.write({ ...graph, inputs: [{ name: 'x', dataType: 'float32', shape: ['N', 3] }] });
}

test('the example of the README learns', async () => {
  const [, example] = /```ts\n(.*?)```/s.exec(readme)!;
  const [imports, code] = [/^import .*$/gm, example!.replace(/^import .*$/gm, '')];
  const names = [...example!.matchAll(imports)].map(([line]) => line);
  expect(names).toHaveLength(2);
  const imported = /\{(.*)\}/.exec(names[1]!)![1]!;
  const losses: number[] = [];
  const given = {
    ort,
    onnx,
    file: modelFile(),
    x: new ort.Tensor('float32', random(24, 3), [8, 3]),
    target: new ort.Tensor('float32', random(16, 4), [8, 2]),
    normal: draws(5),
    console: { log: (loss: number) => losses.push(loss) },
  };
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const body = `const {${imported}} = onnx;\n${code}`;
  await new AsyncFunction(...Object.keys(given), body)(...Object.values(given));
  expect(losses).toHaveLength(200);
  expect(losses.at(-1)!).toBeLessThan(0.5 * losses[0]!);
});
