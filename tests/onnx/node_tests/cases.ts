/** ONNX's own node tests, as `python -m training node_tests` writes them. */
import { createReadStream, existsSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { DataType, Tensor } from '#onnx';

export interface NodeTest {
  readonly name: string;
  /** The model's file. */
  readonly model: Uint8Array<ArrayBuffer>;
  /** By name, in the order of the graph's; null where a value is no tensor of numbers. */
  readonly inputs: ReadonlyMap<string, Tensor> | null;
  readonly outputs: ReadonlyMap<string, Tensor> | null;
}

export interface NodeTests {
  /** Of the Python package that made them. */
  readonly version: string;
  readonly cases: readonly NodeTest[];
}

const nodeTestsFile = new URL('../../../.cache/onnx/node_tests.jsonl', import.meta.url);

/** ONNX's codes of element types (onnx.proto, TensorProto.DataType). */
const DATA_TYPES: Readonly<Record<number, DataType>> = {
  ...{ 1: 'float32', 2: 'uint8', 3: 'int8', 4: 'uint16', 5: 'int16', 6: 'int32', 7: 'int64' },
  ...{ 9: 'bool', 10: 'float16', 11: 'float64', 12: 'uint32', 13: 'uint64', 16: 'bfloat16' },
};

type Line = readonly [name: string, code: number, shape: readonly number[], data: string];

const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));

/** Tensors by name; null where the line has none, or one of a type that this library does not know. */
function tensorsOf(lines: readonly Line[] | null): ReadonlyMap<string, Tensor> | null {
  if (lines?.some(([, code]) => !DATA_TYPES[code]) ?? true) return null;
  return new Map(
    lines!.map(([name, code, shape, data]) => [
      name,
      { dataType: DATA_TYPES[code]!, shape, data: bytesOf(data) },
    ]),
  );
}

/** All of them, or undefined where `npm run test:onnx` has not made them yet. */
export async function loadNodeTests(): Promise<NodeTests | undefined> {
  if (!existsSync(nodeTestsFile)) return undefined;
  const lines = createInterface({ input: createReadStream(nodeTestsFile) });
  let version = '';
  const cases: NodeTest[] = [];
  for await (const text of lines) {
    const line = JSON.parse(text);
    if (version === '') version = line.onnx;
    else {
      cases.push({
        name: line.name,
        model: bytesOf(line.model),
        inputs: tensorsOf(line.inputs),
        outputs: tensorsOf(line.outputs),
      });
    }
  }
  return { version, cases };
}
