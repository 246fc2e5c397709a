/**
 * What a prior says of itself in its `manifest.json`: every number that depends on the model is there and nowhere in
 * the code.
 */

import * as v from 'valibot';
import { LimbeckError } from '../errors';

/** Fields that belong together; others beside them are ignored. */
function group<const E extends v.ObjectEntries>(entries: E) {
  // Of a field that is missing the object is asked, and of a value that is no object, too.
  const wanted = ({ path }: v.ObjectIssue) => {
    const field = entries[String(path?.[0].key)] as { readonly message?: unknown } | undefined;
    return typeof field?.message === 'string' ? field.message : 'an object';
  };
  return v.pipe(v.object(entries, wanted), v.readonly());
}

/** The message of every schema says what the value must be. */
function number(low: number, high: number) {
  const wanted = `a number from ${low} to ${high}`;
  return v.pipe(v.number(wanted), v.minValue(low, wanted), v.maxValue(high, wanted));
}

function integer(low: number, high = Number.MAX_SAFE_INTEGER) {
  const bounds = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `${low} to ${high}`;
  const wanted = `an integer ${bounds}`;
  return v.pipe(
    v.number(wanted),
    v.safeInteger(wanted),
    v.minValue(low, wanted),
    v.maxValue(high, wanted),
  );
}

const text = v.pipe(v.string('a text'), v.nonEmpty('a text'));

function numbers(low: number, high: number, wanted = 'a list of numbers') {
  return v.pipe(v.array(number(low, high), wanted), v.readonly());
}

const elevation = v.pipe(
  numbers(-90, 90, 'a list of 2 numbers'),
  v.length(2, 'a list of 2 numbers'),
  v.check(([low, high]) => low! <= high!, 'the lowest first'),
  v.transform(([low, high]): readonly [number, number] => [low!, high!]),
);

const directionWords = 'a list of 3 numbers from -1 to 1, not all of them 0';

const intervalWords = 'a list of 2 timesteps, the lowest first';
const interval = v.pipe(
  numbers(0, Number.MAX_SAFE_INTEGER, intervalWords),
  v.length(2, intervalWords),
  v.check(([low, high]) => low! <= high!, intervalWords),
  v.transform(([low, high]): readonly [number, number] => [low!, high!]),
);

/** A light that is fixed in the world. */
const light = group({
  /** Towards it. */
  direction: v.pipe(
    numbers(-1, 1, directionWords),
    v.length(3, directionWords),
    v.check((direction) => direction.some((value) => value !== 0), directionWords),
  ),
  /** Brightness of a face that is turned away from it, of 1. */
  ambient: number(0, 1),
});

const kindWords = "a list of names, 'itself' among them";

const backgroundWords = "'random' or a list of 3 numbers from 0 to 1";
const background = v.union(
  [v.literal('random'), v.pipe(numbers(0, 1), v.length(3, backgroundWords))],
  backgroundWords,
);

/** Absolute paths, drives and schemes, folders above, and what a URL takes for either or for its end. */
const leavesTheFolder = /^\/|^\w+:|(^|\/)\.\.(\/|$)|[\\%?#]/;

/** A folder beside the manifest's: models may share what it holds. */
const neighbour = /^\.\.\/(?!\.{1,2}\/)[^/]+\/(?=.)/;

/** A file that a manifest, or another index, lists. */
export const modelFile = group({
  /** From the manifest's folder. */
  path: v.pipe(
    text,
    v.check(
      (path) => !leavesTheFolder.test(path.replace(neighbour, '')),
      'a path beside the manifest, or ../folder/file',
    ),
  ),
  bytes: integer(1),
  sha256: v.pipe(
    v.string('64 hexadecimal digits'),
    v.toLowerCase(),
    v.regex(/^[0-9a-f]{64}$/, '64 hexadecimal digits'),
  ),
});

const manifest = group({
  /** Names the model in settings, share links and results. */
  id: text,
  /** For people. */
  name: text,
  licence: text,
  /** V: views that the denoiser sees at once. */
  views: integer(1),
  /** C of the views: 4 for RGB premultiplied by alpha, then alpha; 3 for RGB over `background`. */
  channels: integer(3, 4),
  /** What the views are shown over where C = 3: display-referred sRGB, or a colour drawn at every step. */
  background: v.exactOptional(background),
  /** H = W of the views in pixels. */
  resolution: integer(1),
  /** What an encoder makes of the views, where the network sees that instead of them. */
  latent: v.exactOptional(
    group({
      channels: integer(1),
      /** Height and width. */
      side: integer(1),
    }),
  ),
  /** What the network predicts: v = alpha eps - sigma x, or eps. */
  prediction: v.picklist(['v', 'epsilon'], "'v' or 'epsilon'"),
  /** Length of `alpha_bar`. */
  timesteps: integer(2),
  /** Cumulative signal power of each timestep, never rising: z = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) eps. */
  alpha_bar: numbers(0, 1),
  /** The cameras that the prior was trained on; angles in degrees. */
  camera: group({
    /** Whether the network takes the cameras as an input; it does unless the file says otherwise. */
    input: v.optional(v.boolean('true or false'), true),
    /** Offset of each view from the group's azimuth [V]. */
    azimuth_offsets: numbers(-360, 360),
    /** Lowest and highest common elevation. */
    elevation,
    fovy: number(1, 179),
    /** From the origin, in units of the object's radius. */
    distance: number(1, 1000),
  }),
  text: group({
    /** T: length of a tokenised prompt. */
    max_tokens: integer(1),
    /** D: width of a token's encoding. */
    width: integer(1),
    /** Width of the encoding of the whole prompt. */
    pooled: integer(1),
    /** The prompt whose encoding means no prompt. */
    unconditional: v.string('a text'),
    /** Words that the prior knows for what is wrong with bad pictures (NFSD); none unless given. */
    defects: v.exactOptional(text),
  }),
  guidance: group({
    /** Scale s of classifier-free guidance at which samples look best. */
    scale: number(0, 1000),
    /** Lowest and highest timestep at which samples are guided; everywhere unless given. */
    interval: v.exactOptional(interval),
  }),
  /** Where the fake score's low-rank weights go (Hu et al. 2022, "LoRA"). */
  lora: group({
    rank: integer(1),
    /** Layers of the network by name; `*` stands for anything. */
    targets: v.pipe(
      v.array(text, 'a list of at least 1'),
      v.minLength(1, 'a list of at least 1'),
      v.readonly(),
    ),
  }),
  /** Where the network may be shown an exemplar: other views of an object, beside the prompt. */
  exemplar: v.exactOptional(
    group({
      /** Length and width of an encoded exemplar. */
      tokens: integer(1),
      width: integer(1),
      /** Of the exemplar's first view, in degrees; the others are as far apart as `azimuth_offsets` says. */
      azimuth: number(-360, 360),
      elevation: number(-90, 90),
      /** The light in which its training objects are seen, so that a person's own are seen alike; none unless given. */
      light: v.exactOptional(light),
      /** What the encoder may be told an exemplar is, by its number; `itself` is what a person shows. */
      kinds: v.pipe(
        v.array(text, kindWords),
        v.check((kinds) => kinds.includes('itself'), kindWords),
        v.readonly(),
      ),
      /** Scale of guidance at which samples that are shown an exemplar look best. */
      scale: number(0, 1000),
    }),
  ),
  files: group({
    denoiser: modelFile,
    text_encoder: modelFile,
    tokenizer: modelFile,
    exemplar_encoder: v.exactOptional(modelFile),
    /** The index of a library of exemplars. */
    library: v.exactOptional(modelFile),
  }),
});

/** What a prior says of itself; the keys are those of the file. */
export type Manifest = v.InferOutput<typeof manifest>;

export type Prediction = Manifest['prediction'];

/** A file beside the manifest: its path from there, its bytes, and their SHA-256 as 64 hexadecimal digits. */
export type ModelFile = v.InferOutput<typeof modelFile>;

/** Channels and side of what the network sees of a view: latents, where an encoder makes them, else pixels. */
export function seenOf({
  channels,
  resolution,
  latent,
}: Pick<Manifest, 'channels' | 'resolution' | 'latent'>) {
  return latent ?? { channels, side: resolution };
}

/** How an exemplar is shown to a prior that may be shown one. */
export type ExemplarManifest = NonNullable<Manifest['exemplar']>;

type Keys = readonly (string | number)[];

/**
 * Checks a parsed `manifest.json` and gives it its type.
 * @throws LimbeckError naming the field that is missing or wrong.
 */
export function parseManifest(json: unknown): Manifest {
  const { success, output, issues } = v.safeParse(manifest, json, { abortEarly: true });
  if (!success) {
    const [{ path = [], message }] = issues;
    throw refusal(json, path.map(({ key }) => key) as Keys, message);
  }
  const found = contradiction(output);
  if (found) throw refusal(json, ...found);
  return output;
}

/** The first field that another one contradicts, and what it must be. */
function contradiction(found: Manifest): [Keys, wanted: string] | undefined {
  const { views, channels, timesteps, alpha_bar: table, camera, exemplar, files } = found;
  if (table.length !== timesteps) return [['alpha_bar'], `a list of ${timesteps} numbers`];
  const rise = table.findIndex((value, t) => t > 0 && value > table[t - 1]!);
  if (rise > 0) {
    const where = `entry ${rise} exceeds the one before`;
    return [['alpha_bar'], `a table that never rises (${where})`];
  }
  if (camera.azimuth_offsets.length !== views) {
    return [['camera', 'azimuth_offsets'], `a list of ${views} numbers`];
  }
  if (channels === 3 && found.background === undefined) {
    return [['background'], `${backgroundWords}, as channels is 3: the model sees RGB over it`];
  }
  if (channels === 4 && found.background !== undefined) {
    return [['background'], 'left out, as channels is 4: the model sees alpha itself'];
  }
  if (found.latent && channels === 4) {
    return [['channels'], '3, as encoders see RGB'];
  }
  if (exemplar && channels === 3) {
    return [['exemplar'], 'left out, as channels is 3: exemplars are views with alpha'];
  }
  if (exemplar && !files.exemplar_encoder) {
    return [['files', 'exemplar_encoder'], 'a file, as the network may be shown an exemplar'];
  }
  return undefined;
}

function refusal(json: unknown, keys: Keys, wanted: string): LimbeckError {
  const path = keys.map((key) => (typeof key === 'number' ? `[${key}]` : `: ${key}`)).join('');
  const value = keys.reduce((at, key) => (at as Readonly<Record<string, unknown>>)[key], json);
  return new LimbeckError(
    `manifest.json${path} ${shown(value)}: it must be ${wanted}.`,
    'Export the model again, or correct the manifest.',
  );
}

/** A refused value, as short as it must be to be recognised. */
function shown(value: unknown): string {
  if (value === undefined) return 'is missing';
  if (typeof value === 'number') return `is ${value}`;
  const json = JSON.stringify(value) ?? String(value);
  if (json.length <= 60) return `is ${json}`;
  return Array.isArray(value) ? `is a list of ${value.length}` : `is a long ${typeof value}`;
}
