/**
 * Differentiable ONNX: a graph in, a graph out. README.md says how it is used and what it supports.
 */

export { GraphBuilder, type Value } from './build/builder';
export { Expressions } from './build/expressions';
export {
  type Differentiated,
  type DifferentiateOptions,
  differentiate,
} from './gradient/differentiate';
export { type AttributeInput, float } from './graph/attributes';
export {
  type Attribute,
  type DataType,
  type Dimension,
  type Graph,
  type Node,
  OnnxError,
  type StaticGraph,
  type Tensor,
  type TensorType,
  type ValueInfo,
} from './graph/graph';
export { makeTensor, tensorValues } from './graph/tensor';
export { type Bindings, inferShapes, inline } from './infer_shapes';
export { injectLora, type Lora, type LoraEntry, type LoraOptions } from './lora';
export { peakMemory } from './memory/peak';
export { type ReadOptions, read } from './read';
export {
  type AdamWOptions,
  adamW,
  type Loss,
  mse,
  type Optimiser,
  type TrainingOptions,
  trainingGraph,
} from './train';
export { type ModelApart, type WriteOptions, write, writeApart } from './write';
