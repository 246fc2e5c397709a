/**
 * Differentiable ONNX: a graph in, a graph out. See docs/onnx.md.
 */
export { type AttributeInput, float } from './attributes';
export { GraphBuilder, type Value } from './builder';
export { type Differentiated, type DifferentiateOptions, differentiate } from './differentiate';
export { Expressions } from './expressions';
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
} from './graph';
export { inferShapes } from './infer';
export { injectLora, type Lora, type LoraEntry, type LoraOptions } from './lora';
export { read } from './read';
export { makeTensor, tensorValues } from './tensor';
export {
  type AdamWOptions,
  adamW,
  type Loss,
  mse,
  type Optimiser,
  type TrainingOptions,
  trainingGraph,
} from './train';
export { write } from './write';
