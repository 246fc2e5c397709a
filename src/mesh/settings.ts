import type * as v from 'valibot';
import { boolean, choice, group, integer, number } from '../schema';
import { compressions, formats } from './export/formats';

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
  level: number({
    default: 0,
    zero: true,
    min: 0.01,
    max: 10_000,
    label: 'Iso-level',
    help: 'density at the surface, per unit length; 0 takes the one whose outline is that of the views',
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
    help: 'kind of file; glb opens nearly everywhere, stl and 3mf are for printers, usdz is for phones',
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
    default: 1024,
    zero: true,
    min: 64,
    max: 8192,
    label: 'Texture',
    help:
      'side of the image on a GLB, OBJ or USDZ, in texels; 0 for vertex colours, which many programs ignore. ' +
      'PLY and 3MF always have vertex colours',
  }),
  unlit: boolean({
    default: false,
    label: 'Unlit',
    help: 'GLB and USDZ: colours as they are, whatever the light',
  }),
  compression: choice({
    default: 'none',
    choices: compressions,
    label: 'Compression',
    help:
      'GLB: quantised stores numbers in 16 and 8 bits, which most programs read; meshopt packs them, too, for ' +
      'web pages',
  }),
  millimetres: number({
    default: 60,
    min: 1,
    max: 10_000,
    label: 'Height in mm',
    help: "STL and 3MF: the object's height in millimetres",
  }),
  zip: boolean({
    default: false,
    label: 'One archive',
    help: 'where an export is several files, one ZIP archive of them; the page always saves it so',
  }),
});

export type MeshSettings = v.InferOutput<typeof meshSettings>;
