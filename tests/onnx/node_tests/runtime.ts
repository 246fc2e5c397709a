/** Tensors of this library through onnxruntime's CPU provider. */
import * as ort from 'onnxruntime-node';
import type { DataType, Tensor } from '#onnx';

const ARRAYS: Partial<Record<DataType, { from(buffer: ArrayBuffer): ArrayBufferView }>> = {
  float32: { from: (b) => new Float32Array(b) },
  float64: { from: (b) => new Float64Array(b) },
  float16: { from: (b) => new Uint16Array(b) },
  int64: { from: (b) => new BigInt64Array(b) },
  uint64: { from: (b) => new BigUint64Array(b) },
  int32: { from: (b) => new Int32Array(b) },
  uint32: { from: (b) => new Uint32Array(b) },
  int16: { from: (b) => new Int16Array(b) },
  uint16: { from: (b) => new Uint16Array(b) },
  int8: { from: (b) => new Int8Array(b) },
  uint8: { from: (b) => new Uint8Array(b) },
  bool: { from: (b) => new Uint8Array(b) },
};

function toOrt({ dataType, shape, data }: Tensor): ort.Tensor {
  const array = ARRAYS[dataType]?.from(data.slice().buffer);
  if (!array) throw new Error(`onnxruntime-node takes no ${dataType}`);
  return new ort.Tensor(dataType as 'float32', array as Float32Array, [...shape]);
}

function fromOrt(tensor: ort.Tensor): Tensor {
  const { buffer, byteOffset, byteLength } = tensor.data as Float32Array<ArrayBuffer>;
  const data = new Uint8Array(buffer, byteOffset, byteLength);
  return { dataType: tensor.type as DataType, shape: tensor.dims, data };
}

/** A model in a session, called with tensors by name. */
export class Model {
  readonly #session: ort.InferenceSession;

  private constructor(session: ort.InferenceSession) {
    this.#session = session;
  }

  /** @throws what onnxruntime says of a model that it refuses. */
  static async load(bytes: Uint8Array): Promise<Model> {
    const options = { intraOpNumThreads: 1, logSeverityLevel: 4 } as const;
    return new Model(await ort.InferenceSession.create(bytes, options));
  }

  async run(inputs: ReadonlyMap<string, Tensor>): Promise<Map<string, Tensor>> {
    const wanted = new Set(this.#session.inputNames);
    const feeds = [...inputs].flatMap(([name, tensor]) =>
      wanted.has(name) ? [[name, toOrt(tensor)] as const] : [],
    );
    const results = await this.#session.run(Object.fromEntries(feeds));
    return new Map(Object.entries(results).map(([name, t]) => [name, fromOrt(t)] as const));
  }

  async dispose(): Promise<void> {
    await this.#session.release();
  }
}
