import { LimbeckError } from '../errors';
import { Readback } from '../gpu/readback';
import type { Snapshot } from '../gpu/snapshot';
import { Denoiser } from '../prior/denoiser';
import type { ModelFiles, Prior } from '../prior/files';
import type { ShownExemplar } from '../prior/text_encoder';
import type { Runtime } from '../runtime/runtime';
import { CheckpointError, readCheckpoint } from '../train/checkpoint';
import { median } from './timer';

/** The largest difference from PyTorch, relative to the largest magnitude, that a runtime may show. */
export const tolerance = 2e-3;

/** Random inputs for a batch of one, and what PyTorch predicts of them at several noise levels. */
export interface Reference {
  /** Noised views [V, C, H, W]. */
  readonly z: Float32Array;
  /** Encoded tokens [T, D]. */
  readonly text: Float32Array;
  /** 1 for a token, 0 for padding [T]. */
  readonly mask: Float32Array;
  /** c2w of each view [V, 16], row-major 4x4. */
  readonly cameras: Float32Array;
  /** What is shown beside the text; absent for a denoiser that is shown nothing. */
  readonly exemplar?: ShownExemplar;
  readonly levels: readonly {
    /** 0 to 999. */
    readonly timestep: number;
    /** [V, C, H, W]. */
    readonly prediction: Float32Array;
  }[];
}

/** How far a runtime is from PyTorch at a noise level. */
export interface Difference {
  readonly timestep: number;
  /** Largest difference, relative to the largest magnitude. */
  readonly max: number;
  /** Root of the mean square of the differences, relative to that of the prediction. */
  readonly rms: number;
}

/** What was measured of a denoiser on one runtime. */
export interface DenoiserMeasure {
  readonly differences: readonly Difference[];
  /** Milliseconds of a call: one group of views, copies to and from the adapter included. */
  readonly median: number;
  /** The same, the least: on a busy machine nearer to what the runtime can do. */
  readonly best: number;
  /** Calls timed. */
  readonly calls: number;
}

const referenceFile = 'reference.safetensors';
const writeIt = 'Write it with `python -m training compare --model`.';

/**
 * Reads the reference that the training code writes beside a denoiser.
 * @throws LimbeckError when it is missing, damaged or another denoiser's.
 */
export async function readReference(files: ModelFiles, { manifest }: Prior): Promise<Reference> {
  const { tensors, metadata } = parsed(await files.read(referenceFile));
  if (metadata.denoiser !== manifest.files.denoiser.sha256) {
    throw new LimbeckError(`${referenceFile} is of another denoiser.`, writeIt);
  }
  const tensor = (name: string): Float32Array => {
    const data = tensors[name];
    if (data instanceof Float32Array) return data;
    throw new LimbeckError(`${referenceFile} has no f32 tensor '${name}'.`, writeIt);
  };
  const [z, predictions] = [tensor('z'), tensor('predictions')];
  return {
    z,
    text: tensor('text'),
    mask: tensor('text_mask'),
    cameras: tensor('camera'),
    ...(manifest.exemplar && {
      exemplar: { tokens: tensor('exemplar'), shown: tensor('exemplar_shown') },
    }),
    levels: [...tensor('timesteps')].map((timestep, i) => ({
      timestep,
      prediction: predictions.subarray(i * z.length, (i + 1) * z.length),
    })),
  };
}

function parsed(bytes: Uint8Array): {
  tensors: Snapshot;
  metadata: Readonly<Record<string, string>>;
} {
  try {
    return readCheckpoint(bytes);
  } catch (error) {
    if (!(error instanceof CheckpointError)) throw error;
    throw new LimbeckError(`${referenceFile} is damaged: ${error.message}`, writeIt);
  }
}

/** Of two vectors of one length. */
export function difference(found: Float32Array, expected: Float32Array) {
  let [largest, squares, magnitude, power] = [0, 0, 0, 0];
  expected.forEach((value, i) => {
    const error = Math.abs(found[i]! - value);
    largest = Math.max(largest, error);
    magnitude = Math.max(magnitude, Math.abs(value));
    squares += error ** 2;
    power += value ** 2;
  });
  return { max: largest / magnitude, rms: Math.sqrt(squares / power) };
}

/** Seconds of timed calls that are enough for a median, and rounds over all noise levels at most. */
const patience = 2;
const mostRounds = 10;

/**
 * Runs a denoiser on a runtime: how far it is from its reference, and how long a call takes.
 * @throws LimbeckError when the runtime cannot load it.
 */
export async function measureDenoiser(
  runtime: Runtime,
  prior: Prior,
  reference: Reference,
): Promise<DenoiserMeasure> {
  const denoiser = await Denoiser.load(runtime, prior, 1);
  const readback = new Readback(runtime.gpu);
  const { z, text, mask, cameras, exemplar, levels } = reference;
  const given = { pooled: new Float32Array(), truncated: false, unknownWords: [] };
  denoiser.setText(0, { ...given, tokens: text, mask, ...(exemplar && { exemplar }) });
  const predict = async (timestep: number) => {
    runtime.gpu.device.queue.writeBuffer(denoiser.z, 0, z as Float32Array<ArrayBuffer>);
    await denoiser.run({ timesteps: [timestep], cameras });
    return readback.floats(denoiser.prediction, z.length);
  };
  // The first call compiles and allocates: its time is not that of the others.
  await predict(levels[0]!.timestep);
  const differences: Difference[] = [];
  const times: number[] = [];
  const start = performance.now();
  for (let round = 0; round < mostRounds; round++) {
    if (performance.now() - start > 1e3 * patience) break;
    for (const { timestep, prediction } of levels) {
      const before = performance.now();
      const found = await predict(timestep);
      times.push(performance.now() - before);
      if (round === 0) differences.push({ timestep, ...difference(found, prediction) });
    }
  }
  readback.dispose();
  await denoiser.dispose();
  return { differences, median: median(times), best: Math.min(...times), calls: times.length };
}
