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
  readonly texture?: TextureImage;
  /** Alpha below which a texel is a hole; 0 where there are none. */
  readonly cutoff: number;
}

/** The triangles of an object with their own colours, without light. */
export interface ObjectMesh {
  /** f32 [vertices, 3]. */
  readonly positions: Float32Array;
  /** f32 [vertices, 3]: vertex colour times the material's, in linear light. */
  readonly colours: Float32Array;
  /** f32 [vertices, 2]; zero where there is no texture. */
  readonly uvs: Float32Array;
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
