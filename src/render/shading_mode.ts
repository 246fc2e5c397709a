/** What a picture of a field shows: see docs/method.md, "Shading". The first is how it was trained. */
export const shadingModes = ['unlit', 'lit', 'normals', 'depth', 'opacity'] as const;

export type ShadingMode = (typeof shadingModes)[number];
