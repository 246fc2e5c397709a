import { describe, expect, test } from 'vitest';
import { directionOf, textsOf } from '../../src/guidance/texts';
import type { Conditioning, PromptEncoder } from '../../src/prior/text_encoder';
import { orbitCamera } from '../../src/render/camera';
import { makeSettings } from '../../src/settings';
import { manifestOf } from '../train/parts';

const camera = (azimuth: number, elevation = 15) =>
  orbitCamera({ azimuth, elevation, distance: 3, fovy: 40 });

/** An encoder whose conditionings are the prompts themselves. */
const encoder = {
  encode: async (prompt: string) => prompt as unknown as Conditioning,
  unconditional: async () => '∅' as unknown as Conditioning,
} as unknown as PromptEncoder;

const settings = (negative = '') => makeSettings({ prompt: 'a chair', guidance: { negative } });

test('a camera looks from the front, a side, the back or above', () => {
  expect([0, 44, 46, 90, 134, 136, 180, 224, 316].map((a) => directionOf(camera(a)))).toEqual([
    'front',
    'front',
    'side',
    'side',
    'side',
    'back',
    'back',
    'back',
    'front',
  ]);
  expect(directionOf(camera(180, 61))).toBe('overhead');
});

describe('a prior', () => {
  test('that is told the camera is told the prompt alone, and its own empty prompt', async () => {
    const texts = await textsOf(encoder, manifestOf(8), settings());
    const told = (['prompt', 'empty', 'negative', 'defects'] as const).map((text) =>
      texts(text, [camera(180)]),
    );
    expect(told).toEqual(['a chair', '∅', '∅', '∅']);
  });

  test('says of defects what the settings say, else its manifest, else nothing', async () => {
    const manifest = manifestOf(8);
    const own = { ...manifest, text: { ...manifest.text, defects: 'blurry' } };
    const defects = async (of: typeof manifest, words: string) => {
      const said = makeSettings({ prompt: 'a chair', guidance: { defects: words } });
      return (await textsOf(encoder, of, said))('defects', [camera(0)]);
    };
    expect(await defects(own, '')).toBe('blurry');
    expect(await defects(own, 'dull')).toBe('dull');
    expect(await defects(manifest, '')).toBe('∅');
  });

  test('that is not told the camera reads the direction in the prompt', async () => {
    const told = manifestOf(8);
    const manifest = manifestOf(8, { camera: { ...told.camera, input: false } });
    const texts = await textsOf(encoder, manifest, settings('blurry'));
    expect([0, 90, 180].map((azimuth) => texts('prompt', [camera(azimuth)]))).toEqual([
      'a chair, front view',
      'a chair, side view',
      'a chair, back view',
    ]);
    expect(texts('negative', [camera(180)])).toBe('blurry');
    expect(texts('prompt', null)).toBe('a chair');
  });
});
