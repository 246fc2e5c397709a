/** Display sRGB to linear light, both in [0, 1] (IEC 61966-2-1). */
export function linear(display: number): number {
  return display <= 0.04045 ? display / 12.92 : ((display + 0.055) / 1.055) ** 2.4;
}
