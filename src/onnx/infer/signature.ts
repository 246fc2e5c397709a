/**
 * What every operator takes: checked before its rule of inference runs, so that an invalid model is refused by the name
 * of its node instead of being read as something else.
 */
import { entryOf } from '../graph/graph';
import type { Site } from './rule';

/**
 * Per operator its inputs and, behind a semicolon, the attributes that it must have. Inputs of one capital letter have
 * one element type, `_` any; `/` says which kinds are allowed: f floats, i integers, b booleans. `?` marks an input that
 * may be omitted, `*` one or more inputs. Source: the type constraints of https://onnx.ai/onnx/operators/, of all
 * versions together.
 */
const SIGNATURES: Readonly<Record<string, string>> = {
  Abs: '_/fi',
  Acos: '_/f',
  Acosh: '_/f',
  Add: 'T/fi T/fi',
  And: 'T/b T/b',
  ArgMax: '_/fi',
  ArgMin: '_/fi',
  Asin: '_/f',
  Asinh: '_/f',
  Atan: '_/f',
  Atanh: '_/f',
  Attention: 'T/f T/f U/f _? T/f? U/f? _/i?',
  AveragePool: '_/f ; kernel_shape',
  BatchNormalization: '_/f T/f T/f U/f U/f',
  Bernoulli: '_/f',
  Cast: '_ ; to',
  CastLike: '_ _',
  Ceil: '_/f',
  Celu: '_/f',
  Clip: 'T/fi T/fi? T/fi?',
  Concat: 'T* ; axis',
  Constant: '',
  ConstantOfShape: '_/i',
  Conv: 'T/f T/f T/f?',
  ConvTranspose: 'T/f T/f T/f?',
  Cos: '_/f',
  Cosh: '_/f',
  CumSum: '_/fi _/i',
  DepthToSpace: '_ ; blocksize',
  DequantizeLinear: 'T/i _/f T/i?',
  Div: 'T/fi T/fi',
  Dropout: '_/f _/f? _/b?',
  Einsum: 'T/fi* ; equation',
  Elu: '_/f',
  Equal: 'T T',
  Erf: '_/fi',
  Exp: '_/f',
  Expand: '_ _/i',
  EyeLike: '_',
  Flatten: '_',
  Floor: '_/f',
  Gather: '_ _/i',
  GatherElements: '_ _/i',
  GatherND: '_ _/i',
  Gelu: '_/f',
  Gemm: 'T/fi T/fi T/fi?',
  GlobalAveragePool: '_/f',
  GlobalMaxPool: '_/f',
  Greater: 'T/fi T/fi',
  GreaterOrEqual: 'T/fi T/fi',
  GroupNormalization: 'T/f T/f T/f ; num_groups',
  HardSigmoid: '_/f',
  HardSwish: '_/f',
  Hardmax: '_/f',
  Identity: '_',
  If: '_/b ; else_branch then_branch',
  InstanceNormalization: 'T/f T/f T/f',
  IsInf: '_/f',
  IsNaN: '_/f',
  LayerNormalization: 'T/f T/f T/f?',
  LeakyRelu: '_/f',
  Less: 'T/fi T/fi',
  LessOrEqual: 'T/fi T/fi',
  Log: '_/f',
  LogSoftmax: '_/f',
  LpNormalization: '_/f',
  MatMul: 'T/fi T/fi',
  Max: 'T/fi*',
  MaxPool: '_/fi ; kernel_shape',
  Mean: 'T/f*',
  MeanVarianceNormalization: '_/f',
  Min: 'T/fi*',
  Mish: '_/f',
  Mod: 'T/fi T/fi',
  Mul: 'T/fi T/fi',
  Neg: '_/fi',
  Not: '_/b',
  Or: 'T/b T/b',
  PRelu: 'T/fi T/fi',
  Pad: 'T _/i T? _/i?',
  Pow: '_/fi _/fi',
  RMSNormalization: '_/f _/f',
  RandomNormal: ' ; shape',
  RandomNormalLike: '_',
  RandomUniform: ' ; shape',
  RandomUniformLike: '_',
  Range: 'T/fi T/fi T/fi',
  Reciprocal: '_/f',
  ReduceL1: '_/fi _/i?',
  ReduceL2: '_/fi _/i?',
  ReduceLogSum: '_/fi _/i?',
  ReduceLogSumExp: '_/fi _/i?',
  ReduceMax: '_ _/i?',
  ReduceMean: '_/fi _/i?',
  ReduceMin: '_ _/i?',
  ReduceProd: '_/fi _/i?',
  ReduceSum: '_/fi _/i?',
  ReduceSumSquare: '_/fi _/i?',
  Relu: '_/fi',
  Reshape: '_ _/i',
  Resize: '_ _/f? _/f? _/i?',
  RotaryEmbedding: 'T/f T/f T/f _/i?',
  Round: '_/f',
  ScatterElements: 'T _/i T',
  ScatterND: 'T _/i T',
  Selu: '_/f',
  Shape: '_',
  Shrink: '_/fi',
  Sigmoid: '_/f',
  Sign: '_/fi',
  Sin: '_/f',
  Sinh: '_/f',
  Size: '_',
  Slice: '_ T/i T/i T/i? T/i?',
  Softmax: '_/f',
  Softplus: '_/f',
  Softsign: '_/f',
  SpaceToDepth: '_ ; blocksize',
  Split: '_ _/i?',
  Sqrt: '_/f',
  Squeeze: '_ _/i?',
  Sub: 'T/fi T/fi',
  Sum: 'T/f*',
  SwiGLU: 'T/f T/f',
  Swish: '_/f',
  Tan: '_/f',
  Tanh: '_/f',
  ThresholdedRelu: '_/f',
  Tile: '_ _/i',
  TopK: '_/fi _/i',
  Transpose: '_',
  Trilu: '_ _/i?',
  Unsqueeze: '_ _/i',
  Where: '_/b T T',
  Xor: 'T/b T/b',
};

interface Parameter {
  readonly variable: string;
  readonly kinds: string;
  readonly many: boolean;
  readonly optional: boolean;
}

interface Signature {
  readonly parameters: readonly Parameter[];
  readonly required: readonly string[];
}

function parse(text: string): Signature {
  const [inputs = '', attributes = ''] = text.split(';').map((part) => part.trim());
  const words = (list: string) => list.split(' ').filter((word) => word !== '');
  return {
    parameters: words(inputs).map((word) => {
      const [, variable, kinds, mark] = /^(\w)(?:\/(\w+))?([?*]?)$/.exec(word)!;
      return {
        variable: variable!,
        kinds: kinds ?? 'fib',
        many: mark === '*',
        optional: mark === '?',
      };
    }),
    required: words(attributes),
  };
}

const parsed = new Map(Object.entries(SIGNATURES).map(([op, text]) => [op, parse(text)]));

const kindOf = (dataType: string) =>
  dataType === 'bool' ? 'b' : dataType.includes('float') ? 'f' : 'i';

/** @throws {OnnxError} naming the node, if the number of its inputs, their types or its attributes are not its operator's. */
export function checkSignature(site: Site): void {
  const { node, inputCount } = site;
  const signature = parsed.get(node.op);
  if (!signature) return;
  const { parameters, required } = signature;
  const last = parameters.at(-1);
  if (inputCount > parameters.length && !last?.many) {
    site.fail(`has ${inputCount} inputs, and at most ${parameters.length} are read`);
  }
  for (const name of required) {
    if (entryOf(node.attributes, name) === undefined) site.fail(`lacks the attribute "${name}"`);
  }
  const types = new Map<string, string>();
  for (let i = 0; i < Math.max(inputCount, parameters.length); i++) {
    const { variable, kinds, optional } = parameters[Math.min(i, parameters.length - 1)]!;
    const found = site.optionalType(i)?.dataType;
    if (found === undefined) {
      if (!optional) site.fail(`lacks input ${i}`);
      continue;
    }
    if (!kinds.includes(kindOf(found))) site.fail(`does not take ${found} as input ${i}`);
    if (variable === '_') continue;
    const before = types.get(variable) ?? found;
    if (before !== found) site.fail(`mixes ${before} and ${found}: its inputs have one type`);
    types.set(variable, found);
  }
}
