import {
  adamW,
  inferShapes,
  injectLora,
  type Lora,
  mse,
  OnnxError,
  read,
  trainingGraph,
  write,
} from '#onnx';
import { LimbeckError } from '../errors';
import type { Signature } from '../runtime/signature';
import type { ForeignDenoiser, Prior } from './files';
import { type Manifest, seenOf } from './manifest';

/** A model ready to load. */
export interface BuiltModel {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly signature: Signature;
}

/**
 * Names and shapes of a denoiser's tensors for a batch of N; of cameras and exemplars there are none where the network
 * is not told of them.
 */
export function denoiserShapes(manifest: Manifest, batch: number) {
  const { views: V, text, camera, exemplar } = manifest;
  const { channels: C, side: H } = seenOf(manifest);
  return {
    z: [batch, V, C, H, H],
    timestep: [batch],
    text: [batch, text.max_tokens, text.width],
    text_mask: [batch, text.max_tokens],
    ...(camera.input && { camera: [batch, V, 16] }),
    ...(exemplar && {
      exemplar: [batch, exemplar.tokens, exemplar.width],
      exemplar_shown: [batch, V],
    }),
    prediction: [batch, V, C, H, H],
  } as const;
}

/** The signature of `denoiser.onnx` for a batch of N. */
function denoiserSignature(manifest: Manifest, batch: number): Signature {
  const { prediction, ...inputs } = denoiserShapes(manifest, batch);
  return { inputs, outputs: { prediction } };
}

/**
 * The frozen denoiser for a batch of N, its shapes made static as those of the fake score are: onnxruntime rounds
 * the two alike. A model with operators that only onnxruntime knows stays as it is; it can have no fake score.
 */
export function buildDenoiser(prior: Prior, batch: number): BuiltModel {
  const { manifest, denoiser } = prior;
  const signature = denoiserSignature(manifest, batch);
  try {
    const { graph, placed } = modelOf(prior);
    return { bytes: write(placed(graph, batch)), signature };
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    if (denoiser instanceof Uint8Array) return { bytes: denoiser, signature };
    throw new LimbeckError(
      `${manifest.files.denoiser.path} cannot be used: ${error.message}.`,
      'Export it again, as docs/stable-diffusion.md says.',
      { cause: error },
    );
  }
}

/** A denoiser's graph, and how it is made to answer a batch. @throws OnnxError when it cannot be read. */
function modelOf({ manifest, denoiser }: Prior): ForeignDenoiser {
  if (!(denoiser instanceof Uint8Array)) return denoiser;
  return {
    graph: read(denoiser, manifest.files.denoiser.path),
    placed: (graph, batch) => inferShapes(graph, { N: batch }),
  };
}

/** The two graphs of a fake score, made of the frozen denoiser's. */
export interface FakeGraphs {
  readonly lora: Lora;
  /** The denoiser plus LoRA: the denoiser's inputs, lora -> prediction. */
  readonly predict: BuiltModel;
  /**
   * One step of denoising score matching: also target, m, v, learning_rate, step
   * -> loss, gradient_norm, next/parameters, next/m, next/v.
   */
  readonly train: BuiltModel;
}

/** AdamW as ProlificDreamer's implementation in threestudio sets it (Wang et al. 2023). */
const optimiser = { betas: [0.9, 0.99], epsilon: 1e-8, weightDecay: 0.01 } as const;

/**
 * Adds LoRA of rank `rank` to the manifest's target layers, to answer a batch of `batch`, and derives the training
 * step, for a batch of one.
 * @throws LimbeckError naming the node that cannot be differentiated, or the target that the network lacks.
 */
export function buildFakeGraphs(prior: Prior, rank: number, batch: number): FakeGraphs {
  try {
    return fakeGraphs(prior, rank, batch);
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    throw new LimbeckError(
      `${prior.manifest.files.denoiser.path} can have no fake score: ${error.message}.`,
      'Export it with operators that can be differentiated (docs/onnx.md), or choose a method without a fake score.',
      { cause: error },
    );
  }
}

function fakeGraphs(prior: Prior, rank: number, batch: number): FakeGraphs {
  const { manifest } = prior;
  const { targets } = manifest.lora;
  const { graph: frozen, placed } = modelOf(prior);
  const lora = injectLora(frozen, { targets, rank });
  const graph = placed(lora.graph, 1);
  const predict = batch === 1 ? graph : placed(lora.graph, batch);
  const asked = denoiserSignature(manifest, batch);
  const { inputs } = denoiserSignature(manifest, 1);
  const { prediction } = denoiserShapes(manifest, 1);
  const vector = [lora.size];
  return {
    lora,
    predict: {
      bytes: write(predict),
      signature: { inputs: { ...asked.inputs, lora: vector }, outputs: asked.outputs },
    },
    train: {
      bytes: write(
        trainingGraph(graph, {
          loss: mse({ prediction: 'prediction', target: 'target' }),
          optimiser: adamW(optimiser),
        }),
      ),
      signature: {
        inputs: {
          ...inputs,
          target: prediction,
          lora: vector,
          m: vector,
          v: vector,
          learning_rate: [],
          step: [],
        },
        outputs: {
          loss: [],
          gradient_norm: [],
          'next/parameters': vector,
          'next/m': vector,
          'next/v': vector,
        },
      },
    },
  };
}
