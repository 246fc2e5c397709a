import type * as v from 'valibot';
import { choice, group, integer, number } from '../schema';
import { formats } from './export/formats';

/** The mesh that is made of the field. */
export const meshSettings = group('Mesh', {
  resolution: integer({
    default: 128,
    min: 8,
    max: 512,
    label: 'Resolution',
    help: 'grid points along an edge of the cube that the surface is extracted from',
  }),
  blur: number({
    default: 0.5,
    min: 0,
    max: 4,
    label: 'Blur',
    help:
      "deviation of the Gaussian that solidity is blurred with, in pixels of the prior's views, which has " +
      'asked for no finer detail; thin parts become about as wide as it',
  }),
  smooth: integer({
    default: 3,
    min: 0,
    max: 100,
    label: 'Smoothing',
    help: "iterations of Taubin's smoothing",
  }),
  format: choice({
    default: 'glb',
    choices: formats,
    label: 'Format',
    help: 'kind of file',
  }),
  triangles: integer({
    default: 0,
    zero: true,
    min: 4,
    max: 1_000_000,
    label: 'Triangles',
    help: 'triangles to simplify to; 0 keeps them as extracted',
  }),
  texture: integer({
    default: 0,
    zero: true,
    min: 64,
    max: 8192,
    label: 'Texture',
    help: 'side of the baked texture in texels; 0 for vertex colours where the format has them',
  }),
});

export type MeshSettings = v.InferOutput<typeof meshSettings>;
