/** What a person may set on the plane of score distillation. */
import type { InferOutput } from 'valibot';
import { boolean, choice, group, integer, number } from '../../schema';
import { type TargetId, targetIds } from './targets';

export const planeSettings = group('Score distillation on the plane', {
  target: choice<TargetId | 'own'>({
    label: 'Target',
    help: 'what the prompt asks for',
    default: 'ring',
    choices: [...targetIds, 'own'],
  }),
  seed: integer({
    label: 'Seed',
    help: 'of the start and of every draw',
    default: 1,
    min: 0,
    max: 2 ** 32 - 1,
  }),
  particles: integer({
    label: 'Particles',
    help: 'how many points the generator has; one is a single object',
    default: 96,
    min: 1,
    max: 256,
  }),
  width: number({
    label: 'Width h of q',
    help: 'each particle stands for N(θ, h²); at zero for a point, of which VSD is SDS',
    default: 0,
    min: 0,
    max: 0.6,
  }),
  together: boolean({
    label: 'One q of all particles',
    help: 'whether the fake score knows all particles, or each its own alone',
    default: true,
  }),
  start: choice({
    label: 'Start',
    help: 'where the particles are at first: in a heap off the centre, or all over',
    default: 'heap',
    choices: ['heap', 'wide'],
  }),
  matching: number({
    label: 'λ_DM',
    help: 'weight of the matching term, frozen less subtracted',
    default: 1,
    min: 0,
    max: 3,
  }),
  guidance: number({
    label: 'λ_CFG',
    help: 'weight of the guidance term: classifier-free guidance less one',
    default: 1,
    min: 0,
    max: 10,
  }),
  tauLow: number({
    label: 'τ from',
    help: 'the smallest noise level that is drawn',
    default: 0.02,
    min: 0.01,
    max: 0.98,
  }),
  tauHigh: number({
    label: 'τ to',
    help: 'the largest noise level that is drawn',
    default: 0.7,
    min: 0.02,
    max: 0.99,
  }),
  rate: number({
    label: 'Step size',
    help: 'how far a particle goes along its gradient',
    default: 0.03,
    min: 0.001,
    max: 0.3,
  }),
  draws: integer({
    label: 'Draws',
    help: 'noises averaged for each particle and step',
    default: 2,
    min: 1,
    max: 16,
  }),
});

export type PlaneSettings = InferOutput<typeof planeSettings>;
