import { LimbeckError } from '../errors';
import type { Image } from '../image/image';

/** An image on an object, row 0 at v = 0, with its mip levels. */
export interface TextureImage {
  /** The image itself, then each level half as wide and high, down to one texel. */
  readonly levels: readonly Image[];
  readonly wrapS: Wrap;
  readonly wrapT: Wrap;
}

export type Wrap = 'repeat' | 'clamp' | 'mirror';

/** What triangles of one material share. */
export interface Paint {
  /** Multiplies the vertex colours, in linear light. */
  readonly texture?: TextureImage | undefined;
  /** Alpha of the texture below which a texel is a hole; 0 where there are none. */
  readonly cutoff: number;
  /** Light that is added to the colour, linear RGB, times its own texture. */
  readonly emission?: Emission | undefined;
}

export interface Emission {
  readonly colour: readonly [number, number, number];
  /** Read at `emissionUvs`. */
  readonly texture?: TextureImage | undefined;
}

/** The triangles of an object with their own colours, without light. */
export interface ObjectMesh {
  /** [vertices, 3]; f64 as a file has them, f32 in the unit sphere. */
  readonly positions: Float32Array | Float64Array;
  /** f32 [vertices, 3]: vertex colour times the material's, in linear light. */
  readonly colours: Float32Array;
  /** f32 [vertices, 2]; zero where there is no texture. */
  readonly uvs: Float32Array;
  /** f32 [vertices, 2]; missing where nothing emits by a texture. */
  readonly emissionUvs?: Float32Array | undefined;
  /** u32 [triangles, 3]. */
  readonly indices: Uint32Array;
  /** u16 [triangles]: index in `paints`. */
  readonly paintOf: Uint16Array;
  readonly paints: readonly Paint[];
}

/** Thrown for a file that no object can be read from; says what would do. */
export class ObjectError extends LimbeckError {
  override readonly name = 'ObjectError';
}
