import { differentiate, OnnxError, type StaticGraph, write } from '#onnx';
import { LimbeckError } from '../../errors';
import type { BuiltModel } from '../graphs';
import { type Manifest, seenOf } from '../manifest';

/** The two networks of an encoder: picture -> latent, and picture, latent_gradient -> gradient/picture. */
export interface EncoderGraphs {
  readonly forward: BuiltModel;
  readonly pullback: BuiltModel;
}

/**
 * @param encoder picture f32 [V, 3, H, W] in [0, 1] -> latent f32 [V, C, h, w].
 * @throws LimbeckError naming the node that cannot be differentiated.
 */
export function buildEncoder(encoder: StaticGraph, manifest: Manifest): EncoderGraphs {
  const { channels, side } = seenOf(manifest);
  const picture = [manifest.views, 3, manifest.resolution, manifest.resolution];
  const latent = [manifest.views, channels, side, side];
  return {
    forward: { bytes: write(encoder), signature: { inputs: { picture }, outputs: { latent } } },
    pullback: {
      bytes: write(pullbackOf(encoder)),
      signature: {
        inputs: { picture, latent_gradient: latent },
        outputs: { 'gradient/picture': picture },
      },
    },
  };
}

/** The vector-Jacobian product: latent_gradient goes back to the picture. */
function pullbackOf(encoder: StaticGraph): StaticGraph {
  try {
    return differentiate(encoder, {
      of: { latent: 'latent_gradient' },
      withRespectTo: ['picture'],
      keepOutputs: false,
    }).graph;
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    throw new LimbeckError(
      `The encoder of the views cannot be differentiated: ${error.message}.`,
      'Export it with operators that can be (docs/onnx.md).',
      { cause: error },
    );
  }
}
