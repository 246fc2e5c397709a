/**
 * Stable Diffusion in diffusers' folder layout, as optimum exports it to ONNX: its manifest is made on the spot.
 *
 *     model_index.json   scheduler/scheduler_config.json   tokenizer/{vocab.json, merges.txt, tokenizer_config.json}
 *     text_encoder/   unet/   vae_encoder/   each with model.onnx, what it keeps beside it, and config.json
 */
import { type Graph, OnnxError, read, type StaticGraph, write } from '#onnx';
import { LimbeckError } from '../../errors';
import { type LoadProgress, type ModelFiles, type Prior, parseJson } from '../files';
import type { Manifest } from '../manifest';
import type { ClipTokenizerFiles } from './clip_tokenizer';
import { ClipTokenizer } from './clip_tokenizer';
import { type Config, numberOf, readConfig, readConfigIfAny } from './config';
import { textEncoder, unetDenoiser, vaeEncoder } from './networks';
import { alphaBarOf, predictionOf, type SchedulerConfig } from './schedule';

/** The file that such a folder has. */
export const pipelineIndex = 'model_index.json';

/** Sizes of Stable Diffusion 1, for exports that keep no configuration. */
const usual = { channels: 4, side: 64, scalingFactor: 0.18215, blocks: 4 } as const;

/** Where cameras stand: DreamFusion's elevations, without the pole, and the whole object in view. */
const camera: Manifest['camera'] = {
  input: false,
  azimuth_offsets: [0],
  elevation: [-10, 80],
  fovy: 40,
  distance: 3.07,
};

/**
 * Reads a pipeline's networks and makes its manifest.
 * @throws LimbeckError naming the file that is missing, damaged, or of another pipeline than the others.
 */
export async function loadDiffusers(files: ModelFiles, onProgress?: LoadProgress): Promise<Prior> {
  const index = await readConfig(files, pipelineIndex);
  checkParts(index);
  const network = (part: string) => readNetwork(files, part, onProgress);
  const schedulerPath = 'scheduler/scheduler_config.json';
  const scheduler = (await readConfig(files, schedulerPath)) as SchedulerConfig;
  const tokenizer = await readTokenizer(files);
  const { length: tokens } = new ClipTokenizer(tokenizer);
  const [unetConfig, vaeConfig] = [
    await readConfigIfAny(files, 'unet/config.json'),
    await readConfigIfAny(files, 'vae_encoder/config.json'),
  ];
  const text = await network('text_encoder');
  const unet = await network('unet');
  const encoder = await network('vae_encoder');

  const sizes = sizesOf(unetConfig, vaeConfig);
  const { channels, side, picture } = sizes;
  const textGraph = named('text_encoder', () => textEncoder(text.path, text.graph, tokens));
  const width = shapeOf(textGraph, 'tokens').at(-1)!;
  checkWidth(unet, unetConfig, width);
  const resolution = side;
  const latents = named('vae_encoder', () =>
    vaeEncoder(encoder.path, encoder.graph, { resolution, picture, channels }, sizes.scale),
  );
  const made = shapeOf(latents, 'latent').slice(2);
  if (made.some((length) => length !== side)) {
    throw new LimbeckError(
      `${encoder.path} makes latents of ${made.join(' by ')} of a picture of ${picture}, and the UNet sees ${side} by ${side}.`,
      'Take both from one pipeline, with their config.json.',
    );
  }
  const alphaBar = alphaBarOf(scheduler);
  const entry = ({ path, bytes, sha256 }: NetworkFile) => ({ path, bytes, sha256 });
  return {
    manifest: {
      id: `stable-diffusion-${unet.sha256.slice(0, 12)}`,
      name: nameOf(index),
      licence: 'that of the pipeline',
      views: 1,
      channels: 3,
      background: 'random',
      resolution,
      latent: { channels, side },
      prediction: predictionOf(scheduler),
      timesteps: alphaBar.length,
      alpha_bar: alphaBar,
      camera,
      text: {
        max_tokens: tokens,
        width,
        pooled: shapeOf(textGraph, 'pooled').at(-1)!,
        unconditional: '',
      },
      guidance: { scale: 7.5 },
      lora: { rank: 4, targets: ['q', 'k', 'v', 'o'].map((role) => `attention*.${role}`) },
      files: { denoiser: entry(unet), text_encoder: entry(text), tokenizer: tokenizerEntry },
    },
    denoiser: unetDenoiser(unet.path, unet.graph, { channels, side, tokens, width }),
    textEncoder: write(textGraph),
    tokenizer,
    latent: { encoder: latents },
  };
}

/** The tokenizer is several files, which are compared with each other instead of with a sum. */
const tokenizerEntry = { path: 'tokenizer/vocab.json', bytes: 1, sha256: ''.padStart(64, '0') };

const nameOf = (index: Config): string =>
  typeof index._name_or_path === 'string' && index._name_or_path !== ''
    ? index._name_or_path
    : 'Stable Diffusion';

/** @throws LimbeckError where the index lists no UNet, or two text encoders. */
function checkParts(index: Config): void {
  const has = (part: string) => Array.isArray(index[part]) && index[part][0] !== null;
  const [transformer] = ['transformer', 'prior'].filter(has);
  if (!has('unet')) {
    throw new LimbeckError(
      `${pipelineIndex} lists no unet${transformer ? `, but a ${transformer}` : ''}: it is of a ${String(index._class_name ?? 'pipeline')}.`,
      'Take Stable Diffusion 1, 2, turbo or LCM.',
    );
  }
  if (has('text_encoder_2')) {
    throw new LimbeckError(
      `${pipelineIndex} lists two text encoders, as Stable Diffusion XL has.`,
      'Take Stable Diffusion 1, 2, turbo or LCM.',
    );
  }
}

function sizesOf(unet: Config, vae: Config) {
  const path = 'vae_encoder/config.json';
  const side = numberOf(unet, 'sample_size', usual.side, 'unet/config.json');
  const channels = numberOf(unet, 'in_channels', usual.channels, 'unet/config.json');
  const blocks = vae.block_out_channels ?? vae.encoder_block_out_channels;
  // Between two blocks the picture is halved. What sample_size says is often another size.
  const halvings = (Array.isArray(blocks) ? blocks.length : usual.blocks) - 1;
  return {
    ...{ side, channels, picture: side * 2 ** halvings },
    scale: {
      factor: numberOf(vae, 'scaling_factor', usual.scalingFactor, path),
      shift: numberOf({ shift: vae.shift_factor }, 'shift', 0, path),
    },
  };
}

/** @throws LimbeckError where the UNet reads texts of another width. */
function checkWidth({ path, graph }: NetworkFile, config: Config, width: number): void {
  const stated = graph.inputs.find(({ name }) => name === 'encoder_hidden_states')?.shape?.at(-1);
  const wanted = typeof stated === 'number' ? stated : config.cross_attention_dim;
  if (typeof wanted !== 'number' || wanted === width) return;
  throw new LimbeckError(
    `The text encoder makes ${width} numbers a token, and ${path} reads ${wanted}.`,
    'Take both from one pipeline.',
  );
}

async function readTokenizer(files: ModelFiles): Promise<ClipTokenizerFiles> {
  const merges = await files.read('tokenizer/merges.txt');
  return {
    format: 'clip',
    vocabulary: parseJson(
      'tokenizer/vocab.json',
      await files.read('tokenizer/vocab.json'),
    ) as ClipTokenizerFiles['vocabulary'],
    merges: new TextDecoder().decode(merges),
    config: await readConfigIfAny(files, 'tokenizer/tokenizer_config.json'),
  };
}

/** A network as it was read. */
interface NetworkFile {
  readonly path: string;
  readonly graph: Graph;
  /** Of the model's own file. */
  readonly bytes: number;
  readonly sha256: string;
}

/** A part's `model.onnx`, with the files that keep its weights. */
async function readNetwork(
  files: ModelFiles,
  part: string,
  onProgress?: LoadProgress,
): Promise<NetworkFile> {
  const path = `${part}/model.onnx`;
  const get = (file: string) =>
    files.read(file, (received, total) => onProgress?.(file, received, total));
  const bytes = await get(path);
  const apart = named(part, () => read(bytes, path, { files: 'apart' }));
  const outside = new Set<string>();
  for (const { external } of apart.initializers.values()) if (external) outside.add(external.file);
  const weights = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const file of outside) {
    if (!/^[\w.-]+$/.test(file)) {
      throw new LimbeckError(
        `${path} keeps weights in "${file}", which is not a file beside it.`,
        'Export it again.',
      );
    }
    weights.set(file, await get(`${part}/${file}`));
  }
  const graph = named(part, () => read(bytes, path, { files: weights }));
  const digest = await crypto.subtle.digest('SHA-256', bytes);
  const sha256 = Array.from(new Uint8Array(digest), (b) => b.toString(16).padStart(2, '0')).join(
    '',
  );
  return { path, graph, bytes: bytes.byteLength, sha256 };
}

/** What goes wrong in a part's graph, in the words of the part. */
function named<T>(part: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (!(error instanceof OnnxError)) throw error;
    throw new LimbeckError(
      `${part} cannot be used: ${error.message}.`,
      'Download it again, or export it again as docs/stable-diffusion.md says.',
      { cause: error },
    );
  }
}

function shapeOf(graph: StaticGraph, value: string): readonly number[] {
  return graph.types.get(value)!.shape;
}
