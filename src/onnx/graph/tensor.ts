/** Constant tensors: between raw little-endian bytes and JavaScript numbers. */
import { TensorProto_DataType as Type } from 'onnx-buf';
import { type DataType, elementCount, isPresent, OnnxError, type Tensor } from './graph';

/** Size of an element in bytes, and ONNX's code of the type (onnx.proto, TensorProto.DataType). */
const DATA_TYPES: Record<DataType, { readonly bytes: number; readonly code: Type }> = {
  float32: { bytes: 4, code: Type.FLOAT },
  float16: { bytes: 2, code: Type.FLOAT16 },
  float64: { bytes: 8, code: Type.DOUBLE },
  bfloat16: { bytes: 2, code: Type.BFLOAT16 },
  int64: { bytes: 8, code: Type.INT64 },
  int32: { bytes: 4, code: Type.INT32 },
  int16: { bytes: 2, code: Type.INT16 },
  int8: { bytes: 1, code: Type.INT8 },
  uint64: { bytes: 8, code: Type.UINT64 },
  uint32: { bytes: 4, code: Type.UINT32 },
  uint16: { bytes: 2, code: Type.UINT16 },
  uint8: { bytes: 1, code: Type.UINT8 },
  bool: { bytes: 1, code: Type.BOOL },
};

/** ONNX's code of a data type: what the attribute `to` of a Cast holds. */
export function codeOfDataType(dataType: DataType): number {
  return DATA_TYPES[dataType].code;
}

/** The data type of an ONNX code, or undefined where this library does not know it. */
export function dataTypeOfCode(code: number): DataType | undefined {
  const names = Object.keys(DATA_TYPES) as DataType[];
  return names.find((name) => DATA_TYPES[name].code === code);
}

/** Size of one element in bytes. */
export function bytesPerElement(dataType: DataType): number {
  return DATA_TYPES[dataType].bytes;
}

/** Whether values of this type carry gradients. */
export function isFloat(dataType: DataType): boolean {
  return dataType.includes('float');
}

/** Whether a float has 16 bits. */
export function isHalf(dataType: DataType): boolean {
  return dataType === 'float16' || dataType === 'bfloat16';
}

const INT64_MAX = 2n ** 63n - 1n;

/** As int64, clamped: ONNX uses 2^63 - 1 as "to the end", and as a number that is one too many. */
export function toInt64(value: number): bigint {
  const integer = BigInt(Math.trunc(value));
  return integer > INT64_MAX ? INT64_MAX : integer;
}

/** IEEE binary16 bits to number. */
function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Number to IEEE binary16 bits, rounding to nearest even. */
function numberToHalf(value: number): number {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(magnitude || 2 ** -24)), -14);
  const scaled = magnitude / 2 ** (exponent - 10);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  const rounded = floor + (rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? 1 : 0);
  // A carry out of the fraction lands in the exponent, which is what rounding up means.
  return sign | (exponent === -14 ? rounded : ((exponent + 14) << 10) + rounded);
}

/**
 * The elements as numbers. int64 beyond 2^53 loses precision: such values only mean "to the end".
 * @throws {OnnxError} if they were left in a file beside the model's.
 */
export function tensorValues(tensor: Tensor): number[] {
  if (!isPresent(tensor)) {
    throw new OnnxError(`the elements lie in "${tensor.external?.file}", which was not given`);
  }
  const count = elementCount(tensor.shape);
  const view = new DataView(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
  const read: Record<DataType, (byte: number) => number> = {
    float32: (i) => view.getFloat32(i, true),
    float16: (i) => halfToNumber(view.getUint16(i, true)),
    float64: (i) => view.getFloat64(i, true),
    bfloat16: (i) => {
      const word = new DataView(new ArrayBuffer(4));
      word.setUint16(0, view.getUint16(i, true));
      return word.getFloat32(0);
    },
    int64: (i) => Number(view.getBigInt64(i, true)),
    int32: (i) => view.getInt32(i, true),
    int16: (i) => view.getInt16(i, true),
    int8: (i) => view.getInt8(i),
    uint64: (i) => Number(view.getBigUint64(i, true)),
    uint32: (i) => view.getUint32(i, true),
    uint16: (i) => view.getUint16(i, true),
    uint8: (i) => view.getUint8(i),
    bool: (i) => view.getUint8(i),
  };
  const size = DATA_TYPES[tensor.dataType].bytes;
  return Array.from({ length: count }, (_, i) => read[tensor.dataType](i * size));
}

/**
 * A tensor of the given numbers, row-major. Integers are cut at their point, float16 is rounded to nearest even,
 * bfloat16 towards zero.
 * @throws {OnnxError} if their count is not that of the shape.
 */
export function makeTensor(
  values: ArrayLike<number>,
  shape: readonly number[],
  dataType: DataType,
): Tensor {
  if (values.length !== elementCount(shape)) {
    throw new OnnxError(`${values.length} values cannot fill a tensor of shape [${shape}]`);
  }
  if (dataType === 'float32') {
    return { dataType, shape, data: new Uint8Array(Float32Array.from(values).buffer) };
  }
  const size = DATA_TYPES[dataType].bytes;
  const data = new Uint8Array(values.length * size);
  const view = new DataView(data.buffer);
  const write: Record<DataType, (byte: number, value: number) => void> = {
    float32: (i, v) => view.setFloat32(i, v, true),
    float16: (i, v) => view.setUint16(i, numberToHalf(v), true),
    float64: (i, v) => view.setFloat64(i, v, true),
    bfloat16: (i, v) => {
      const word = new DataView(new ArrayBuffer(4));
      word.setFloat32(0, v);
      view.setUint16(i, word.getUint16(0), true);
    },
    int64: (i, v) => view.setBigInt64(i, toInt64(v), true),
    int32: (i, v) => view.setInt32(i, v, true),
    int16: (i, v) => view.setInt16(i, v, true),
    int8: (i, v) => view.setInt8(i, v),
    uint64: (i, v) => view.setBigUint64(i, BigInt(Math.trunc(v)), true),
    uint32: (i, v) => view.setUint32(i, v, true),
    uint16: (i, v) => view.setUint16(i, v, true),
    uint8: (i, v) => view.setUint8(i, v),
    bool: (i, v) => view.setUint8(i, v ? 1 : 0),
  };
  for (let i = 0; i < values.length; i++) write[dataType](i * size, values[i]!);
  return { dataType, shape, data };
}
