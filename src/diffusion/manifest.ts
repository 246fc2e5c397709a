/**
 * What a prior says of itself: its `manifest.json`, whose keys these types repeat.
 * Every number that depends on the model is here and nowhere in the code.
 */
export interface Manifest {
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
  /** Cumulative signal power of each timestep, decreasing: z = sqrt(alpha_bar) x + sqrt(1 - alpha_bar) eps. */
  readonly alpha_bar: readonly number[];
  readonly camera: CameraRange;
  readonly text: TextShape;
  readonly lora: LoraShape;
  readonly files: Readonly<Record<FileRole, ModelFile>>;
}

export type Prediction = 'v' | 'epsilon';

/** The cameras that the prior was trained on; angles in degrees. */
export interface CameraRange {
  /** Offset of each view from the group's azimuth [V]. */
  readonly azimuths: readonly number[];
  /** Lowest and highest common elevation. */
  readonly elevation: readonly [number, number];
  readonly fovy: number;
  readonly distance: number;
}

export interface TextShape {
  /** T: length of a tokenised prompt. */
  readonly tokens: number;
  /** D: width of a token's encoding. */
  readonly width: number;
  /** Width of the encoding of the whole prompt. */
  readonly pooled: number;
}

/** Where the fake score's low-rank weights go (Hu et al. 2022, "LoRA"). */
export interface LoraShape {
  readonly rank: number;
  /** Names of the graph's weights, or patterns of them with `*`. */
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
  return {
    name: root.get('name').string(),
    licence: root.get('licence').string(),
    views,
    channels,
    resolution: root.get('resolution').integer(1),
    prediction: prediction.oneOf(['v', 'epsilon']),
    alpha_bar: alphaBar(root.get('alpha_bar')),
    camera: {
      azimuths: camera.get('azimuths').numbers(views, -360, 360),
      elevation: [elevation[0]!, elevation[1]!],
      fovy: camera.get('fovy').number(1, 179),
      distance: camera.get('distance').number(1, 1000),
    },
    text: {
      tokens: text.get('tokens').integer(1),
      width: text.get('width').integer(1),
      pooled: text.get('pooled').integer(1),
    },
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

function alphaBar(field: Field): readonly number[] {
  const table = field.list(2, (value) => value.number(0, 1));
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

  string(): string {
    if (typeof this.#value !== 'string' || this.#value === '') this.fail('a text');
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
