/**
 * What a prior says of itself: its `manifest.json`, whose keys these types repeat.
 * Every number that depends on the model is here and nowhere in the code.
 */
export interface Manifest {
  /** Names the model in settings, share links and results. */
  readonly id: string;
  /** For people. */
  readonly name: string;
  readonly licence: string;
  /** V: views that the denoiser sees at once. */
  readonly views: number;
  /** C: 4 for premultiplied RGB and alpha, 3 for RGB. */
  readonly channels: number;
  /** H = W in pixels. */
  readonly resolution: number;
  /** What the network predicts: v = alpha eps - sigma x, or eps. */
  readonly prediction: Prediction;
  /** Length of `alpha_bar`. */
  readonly timesteps: number;
  /** Cumulative signal power of each timestep, decreasing: z = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) eps. */
  readonly alpha_bar: readonly number[];
  /** Behind views without alpha: RGB in [0, 1], or another at every step. */
  readonly background?: readonly number[] | 'random';
  readonly camera: CameraRange;
  readonly text: TextShape;
  readonly guidance: {
    /** Scale s of classifier-free guidance at which samples look best. */
    readonly scale: number;
  };
  readonly lora: LoraShape;
  readonly files: Readonly<Record<FileRole, ModelFile>>;
}

export type Prediction = 'v' | 'epsilon';

/** The cameras that the prior was trained on; angles in degrees. */
export interface CameraRange {
  readonly input: boolean;
  /** Offset of each view from the group's azimuth [V]. */
  readonly azimuth_offsets: readonly number[];
  /** Lowest and highest common elevation. */
  readonly elevation: readonly [number, number];
  readonly fovy: number;
  readonly distance: number;
}

export interface TextShape {
  /** T: length of a tokenised prompt. */
  readonly max_tokens: number;
  /** D: width of a token's encoding. */
  readonly width: number;
  /** Width of the encoding of the whole prompt. */
  readonly pooled: number;
  /** The prompt whose encoding means no prompt. */
  readonly unconditional: string;
}

/** Where the fake score's low-rank weights go (Hu et al. 2022, "LoRA"). */
export interface LoraShape {
  readonly rank: number;
  /** Layers of the network by name; `*` stands for anything. */
  readonly targets: readonly string[];
}

export type FileRole = 'denoiser' | 'text_encoder' | 'tokenizer';

/** A file beside the manifest. */
export interface ModelFile {
  readonly path: string;
  readonly bytes: number;
  /** 64 hexadecimal digits. */
  readonly sha256: string;
}

/** Thrown when a manifest cannot be used; the message names the field. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/**
 * Checks a parsed `manifest.json` and gives it its type.
 * @throws ManifestError naming the field that is missing or wrong.
 */
export function parseManifest(json: unknown): Manifest {
  const root = new Field('manifest.json', json);
  const views = root.get('views').integer(1);
  const channels = root.get('channels').integer(3, 4);
  const prediction = root.get('prediction');
  const camera = root.get('camera');
  const text = root.get('text');
  const lora = root.get('lora');
  const files = root.get('files');
  const elevation = camera.get('elevation').numbers(2, -90, 90);
  if (elevation[0]! > elevation[1]!) camera.get('elevation').fail('the lowest first');
  const timesteps = root.get('timesteps').integer(2);
  return {
    id: root.get('id').string(),
    name: root.get('name').string(),
    licence: root.get('licence').string(),
    views,
    channels,
    resolution: root.get('resolution').integer(1),
    prediction: prediction.oneOf(['v', 'epsilon']),
    timesteps,
    alpha_bar: alphaBar(root.get('alpha_bar'), timesteps),
    camera: {
      input: true,
      azimuth_offsets: camera.get('azimuth_offsets').numbers(views, -360, 360),
      elevation: [elevation[0]!, elevation[1]!],
      fovy: camera.get('fovy').number(1, 179),
      distance: camera.get('distance').number(1, 1000),
    },
    text: {
      max_tokens: text.get('max_tokens').integer(1),
      width: text.get('width').integer(1),
      pooled: text.get('pooled').integer(1),
      unconditional: text.get('unconditional').string(0),
    },
    guidance: { scale: root.get('guidance').get('scale').number(0, 1000) },
    lora: {
      rank: lora.get('rank').integer(1),
      targets: lora.get('targets').list(1, (target) => target.string()),
    },
    files: {
      denoiser: file(files.get('denoiser')),
      text_encoder: file(files.get('text_encoder')),
      tokenizer: file(files.get('tokenizer')),
    },
  };
}

function alphaBar(field: Field, timesteps: number): readonly number[] {
  const table = field.numbers(timesteps, 0, 1);
  const rise = table.findIndex((value, i) => i > 0 && value > table[i - 1]!);
  if (rise > 0) field.fail(`a table that never rises (entry ${rise} exceeds the one before)`);
  return table;
}

function file(field: Field): ModelFile {
  const sha256 = field.get('sha256').string().toLowerCase();
  if (!/^[0-9a-f]{64}$/.test(sha256)) field.get('sha256').fail('64 hexadecimal digits');
  const path = field.get('path').string();
  if (/^\/|^\w+:|(^|\/)\.\.(\/|$)/.test(path)) field.get('path').fail('a path beside the manifest');
  return { path, bytes: field.get('bytes').integer(1), sha256 };
}

/** A value of the manifest and the way to it, for messages. */
class Field {
  readonly #path: string;
  readonly #value: unknown;

  constructor(path: string, value: unknown) {
    this.#path = path;
    this.#value = value;
  }

  fail(wanted: string): never {
    const value = JSON.stringify(this.#value);
    const found =
      value === undefined ? 'is missing' : `is ${value.length > 60 ? typeof this.#value : value}`;
    throw new ManifestError(
      `${this.#path} ${found}: it must be ${wanted}. Export the model again, or correct the manifest.`,
    );
  }

  get(key: string): Field {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) this.fail('an object');
    return new Field(`${this.#path}: ${key}`, (value as Record<string, unknown>)[key]);
  }

  string(shortest = 1): string {
    if (typeof this.#value !== 'string' || this.#value.length < shortest) this.fail('a text');
    return this.#value;
  }

  oneOf<T extends string>(values: readonly T[]): T {
    return (
      values.find((value) => value === this.#value) ??
      this.fail(values.map((value) => `'${value}'`).join(' or '))
    );
  }

  number(low: number, high: number): number {
    const value = this.#value;
    if (typeof value !== 'number' || !(value >= low && value <= high)) {
      this.fail(`a number from ${low} to ${high}`);
    }
    return value;
  }

  integer(low: number, high = Number.MAX_SAFE_INTEGER): number {
    const value = this.#value;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < low || value > high) {
      const bound = high === Number.MAX_SAFE_INTEGER ? `of at least ${low}` : `${low} to ${high}`;
      this.fail(`an integer ${bound}`);
    }
    return value;
  }

  list<T>(shortest: number, parse: (item: Field) => T): readonly T[] {
    const value = this.#value;
    if (!Array.isArray(value) || value.length < shortest) {
      this.fail(`a list of at least ${shortest}`);
    }
    return value.map((item, i) => parse(new Field(`${this.#path}[${i}]`, item)));
  }

  numbers(length: number, low: number, high: number): readonly number[] {
    const list = this.list(0, (item) => item.number(low, high));
    if (list.length !== length) this.fail(`a list of ${length} numbers`);
    return list;
  }
}
