/** 8-bit RGBA, straight alpha, display sRGB, row 0 at the top. */
export interface Image {
  /** u8 [height, width, 4] */
  readonly data: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
}
