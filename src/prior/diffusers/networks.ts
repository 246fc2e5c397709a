/** The graphs of Stable Diffusion, by their roles instead of their names, between this project's inputs and outputs. */
import {
  Expressions,
  type Graph,
  inline,
  type StaticGraph,
  type Value,
  type ValueInfo,
} from '#onnx';
import { LimbeckError } from '../../errors';
import type { ForeignDenoiser } from '../files';
import type { LatentScale } from './config';

/** A network's inputs or outputs by their roles. */
const nameOf = (values: readonly ValueInfo[], names: readonly string[]): ValueInfo | undefined =>
  names.map((name) => values.find((value) => value.name === name)).find((found) => found);

/** @throws LimbeckError naming what the graph has instead. */
function needed(
  file: string,
  kind: 'input' | 'output',
  values: readonly ValueInfo[],
  names: readonly string[],
): ValueInfo {
  const found = nameOf(values, names);
  if (found) return found;
  throw new LimbeckError(
    `${file} has no ${kind} ${names.map((name) => `'${name}'`).join(' or ')}: it has ${values.map(({ name }) => `'${name}'`).join(', ')}.`,
    'Export the pipeline with optimum, as docs/stable-diffusion.md says.',
  );
}

/** A graph under construction in a network's operator sets. */
const builderFor = ({ name, irVersion, opsets }: Graph) =>
  new Expressions({
    ...{ name, irVersion, opsets, inputs: [], outputs: [], nodes: [] },
    ...{ initializers: new Map(), types: new Map() },
  });

/** Whether an input takes a batch of any size: its first dimension is no number. */
const isBatched = ({ shape }: ValueInfo) => shape === undefined || typeof shape[0] === 'string';

/** What the denoiser's graph must fit. */
export interface DenoiserSizes {
  readonly channels: number;
  readonly side: number;
  /** T, D. */
  readonly tokens: number;
  readonly width: number;
}

const UNET = {
  sample: ['sample', 'latent_model_input', 'x'],
  timestep: ['timestep', 't', 'timesteps'],
  text: ['encoder_hidden_states', 'context'],
  guidance: ['timestep_cond'],
  noise: ['out_sample', 'noise_pred', 'sample_out', 'output'],
} as const;

/**
 * A UNet as a denoiser of one view: z, timestep, text -> prediction. One that takes a single timestep, or a batch of
 * one, is put into the graph once for each question, its weights shared.
 * @throws LimbeckError where it lacks an input, or asks for one that nobody knows.
 */
export function unetDenoiser(file: string, graph: Graph, sizes: DenoiserSizes): ForeignDenoiser {
  const inputs = {
    sample: needed(file, 'input', graph.inputs, UNET.sample),
    timestep: needed(file, 'input', graph.inputs, UNET.timestep),
    text: needed(file, 'input', graph.inputs, UNET.text),
  };
  const guidance = nameOf(graph.inputs, UNET.guidance);
  const known = new Set<string>(Object.values(inputs).map(({ name }) => name));
  if (guidance) known.add(guidance.name);
  const other = graph.inputs.find(({ name }) => !known.has(name));
  if (other) {
    throw new LimbeckError(
      `${file} asks for '${other.name}', which Stable Diffusion 1, 2, turbo and LCM do not.`,
      'Take a pipeline of one of these.',
    );
  }
  const [output] = graph.outputs.length === 1 ? graph.outputs : [];
  const noise = output ?? needed(file, 'output', graph.outputs, UNET.noise);
  const together = isBatched(inputs.sample) && isBatched(inputs.text) && isBatched(inputs.timestep);

  const placed = (from: Graph, batch: number): StaticGraph => {
    const { channels: C, side: H, tokens, width } = sizes;
    const g = builderFor(from);
    const z = g.input('z', [batch, 1, C, H, H]);
    const timestep = g.input('timestep', [batch]);
    const text = g.input('text', [batch, tokens, width]);
    g.input('text_mask', [batch, tokens]);
    // What was added to the graph, as low-rank weights are, every copy sees.
    const added = from.inputs.filter(({ name }) => !known.has(name));
    const shared = Object.fromEntries(
      added.map(({ name, shape, dataType }) => [
        name,
        g.input(name, shape as readonly number[], dataType),
      ]),
    );
    const rank = inputs.timestep.shape?.length ?? 1;
    const asked = (first: number, count: number): Value => {
      const part = (value: Value) => g.slice(value, 0, first, count);
      const given: (readonly [ValueInfo, Value])[] = [
        [inputs.sample, g.reshape(part(z), [count, C, H, H])],
        [inputs.timestep, g.reshape(part(timestep), rank === 0 ? [] : [count])],
        [inputs.text, part(text)],
      ];
      if (guidance) given.push([guidance, unguided(g, file, guidance, count)]);
      const values = given.map(([{ name, dataType }, value]) => [name, g.cast(value, dataType)]);
      const results = inline(g, from, { ...Object.fromEntries(values), ...shared });
      return g.cast(results[noise.name]!, 'float32');
    };
    const answers = together
      ? [asked(0, batch)]
      : Array.from({ length: batch }, (_, n) => asked(n, 1));
    g.output(g.reshape(g.concat(answers, 0), [batch, 1, C, H, H]), 'prediction');
    return g.build();
  };
  return { graph, placed };
}

/**
 * What a latent consistency model is told of the guidance that it learnt to do by itself: w = 0, none (Luo et al. 2023,
 * section 4.2). Its embedding is sin 0 and cos 0.
 */
function unguided(g: Expressions, file: string, { name, shape }: ValueInfo, count: number): Value {
  const width = shape?.at(-1);
  if (typeof width !== 'number') {
    throw new LimbeckError(
      `${file} does not say how long its input '${name}' is.`,
      'Export it with optimum, as docs/stable-diffusion.md says.',
    );
  }
  const each = Array.from({ length: count * width }, (_, i) => (i % width < width / 2 ? 0 : 1));
  return g.constant(each, [count, width]);
}

/** Which tensors of a text encoder are meant. */
const TEXT = {
  ids: ['input_ids'],
  tokens: ['last_hidden_state'],
  pooled: ['pooler_output', 'text_embeds'],
} as const;

/** CLIP's text encoder for prompts of T tokens: ids -> tokens, pooled; without a pooled output, the mean of the tokens. */
export function textEncoder(file: string, graph: Graph, tokens: number): StaticGraph {
  const ids = needed(file, 'input', graph.inputs, TEXT.ids);
  const states = needed(file, 'output', graph.outputs, TEXT.tokens);
  const pooled = nameOf(graph.outputs, TEXT.pooled);
  const g = builderFor(graph);
  const input = g.cast(g.input('ids', [1, tokens], 'int64'), ids.dataType);
  const results = inline(g, graph, { [ids.name]: input });
  const hidden = g.cast(results[states.name]!, 'float32');
  const width = g.shape(hidden).at(-1)!;
  const whole = pooled ? g.cast(results[pooled.name]!, 'float32') : g.mean(hidden, [1]);
  g.output(hidden, 'tokens');
  g.output(g.reshape(whole, [1, width]), 'pooled');
  return g.build();
}

/** What of a picture an encoder is asked for. */
export interface EncoderSizes {
  /** Side of the views. */
  readonly resolution: number;
  /** Side of the pictures that the encoder takes. */
  readonly picture: number;
  /** Channels of the latents. */
  readonly channels: number;
}

const ENCODER = {
  picture: ['sample', 'pixel_values', 'image'],
  latent: ['latent_parameters', 'latent_sample', 'latents', 'latent_dist'],
} as const;

/**
 * A VAE's encoder: picture [1, 3, H, W] in [0, 1] -> latent [1, C, h, w], so that 2 latent − 1 is what the UNet sees. The
 * picture is enlarged to the encoder's; the latent is the mean of what the encoder makes likely, without its noise.
 */
export function vaeEncoder(
  file: string,
  graph: Graph,
  { resolution, picture: side, channels }: EncoderSizes,
  { factor, shift }: LatentScale,
): StaticGraph {
  const input = needed(file, 'input', graph.inputs, ENCODER.picture);
  const [only] = graph.outputs.length === 1 ? graph.outputs : [];
  const output = only ?? needed(file, 'output', graph.outputs, ENCODER.latent);
  const plain = withoutNoise(graph);
  const g = builderFor(plain);
  const view = g.input('picture', [1, 3, resolution, resolution]);
  const large = enlarged(g, g.shift(g.scale(view, 2), -1), side);
  const results = inline(g, plain, { [input.name]: g.cast(large, input.dataType) });
  const made = g.cast(results[output.name]!, 'float32');
  const found = g.shape(made)[1];
  if (found !== channels && found !== 2 * channels) {
    throw new LimbeckError(
      `${file} makes ${found} channels, and the UNet sees ${channels}.`,
      'Take both from one pipeline.',
    );
  }
  // Of mean and logarithm of the variance, the mean comes first.
  const mean = g.slice(made, 1, 0, channels);
  g.output(g.shift(g.scale(g.shift(mean, -shift), factor / 2), 0.5), 'latent');
  return g.build();
}

/** A picture at another size, between its pixels linearly. */
function enlarged(g: Expressions, picture: Value, side: number): Value {
  const [count, channels, height] = g.shape(picture) as [number, number, number];
  if (height === side) return picture;
  const sizes = g.integers([count, channels, side, side]);
  const attributes = { mode: 'linear', coordinate_transformation_mode: 'half_pixel' };
  return g.op('Resize', [picture, '', '', sizes], attributes);
}

/** A graph whose random draws are zeros. */
function withoutNoise(graph: Graph): Graph {
  const nodes = graph.nodes.map((node) =>
    node.op === 'RandomNormalLike'
      ? { ...node, op: 'Sub', inputs: [node.inputs[0]!, node.inputs[0]!], attributes: {} }
      : node,
  );
  return { ...graph, nodes };
}
