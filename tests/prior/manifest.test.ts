import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { LimbeckError } from '../../src/errors';
import { FetchedFiles } from '../../src/prior/fetched_files';
import { LocalFiles, loadPrior, verify } from '../../src/prior/files';
import { type Manifest, parseManifest } from '../../src/prior/manifest';
import { shippedPriors } from '../../src/prior/shipped';
import { refusal } from '../refusal';
import { tinyPrior } from './tiny_prior';

let good: Manifest;
let stored: Map<string, Uint8Array<ArrayBuffer>>;
beforeAll(async () => {
  const prior = await tinyPrior();
  good = prior.manifest;
  stored = prior.files;
});

/** A folder in memory. */
const folder = (files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) =>
  new LocalFiles('some/model', async (path) => {
    const bytes = files.get(path.replace('some/model/', ''));
    if (!bytes) throw new Error('ENOENT');
    return bytes;
  });

/** The good manifest with one value replaced, or removed by `undefined`. */
function changed(path: string, value: unknown): unknown {
  const copy = structuredClone(good) as unknown as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const parent = keys.reduce((node, key) => node[key] as Record<string, unknown>, copy);
  parent[last] = value;
  return JSON.parse(JSON.stringify(copy));
}

interface Tree {
  readonly [key: string]: unknown;
}

/** The paths of all fields, groups included. */
const fieldsOf = (tree: Tree, prefix: string): string[] =>
  Object.entries(tree).flatMap(([key, value]) => {
    const path = prefix + key;
    const isGroup = typeof value === 'object' && !Array.isArray(value);
    return isGroup ? [path, ...fieldsOf(value as Tree, `${path}.`)] : [path];
  });

describe('parseManifest', () => {
  test('takes a good manifest as it is', () => {
    expect(parseManifest(JSON.parse(JSON.stringify(good)))).toEqual(good);
  });

  test('refuses what is no object', () => {
    for (const json of [null, 3, 'text', []]) {
      expect(() => parseManifest(json)).toThrow(LimbeckError);
    }
  });

  test('names every field that is missing', () => {
    const paths = fieldsOf(good as unknown as Tree, '').filter((path) => path !== 'camera.input');
    expect(paths.length).toBeGreaterThan(30);
    for (const path of paths) {
      const name = path.replaceAll('.', ': ');
      const parsing = () => parseManifest(changed(path, undefined));
      expect(parsing).toThrow(`manifest.json: ${name} is missing: it must be`);
      expect(parsing).toThrow(LimbeckError);
    }
  });

  test.each([
    ['name', undefined, 'manifest.json: name is missing'],
    ['licence', 7, 'manifest.json: licence is 7'],
    ['views', 0, 'views is 0: it must be an integer of at least 1'],
    ['channels', 5, 'channels is 5: it must be an integer 3 to 4'],
    ['resolution', 32.5, 'resolution is 32.5'],
    ['prediction', 'x0', `prediction is "x0": it must be 'v' or 'epsilon'`],
    ['alpha_bar', [0.9], 'alpha_bar is [0.9]: it must be a list of 1000 numbers'],
    ['timesteps', 999, 'it must be a list of 999 numbers'],
    ['alpha_bar', [0.9, 1.5], 'alpha_bar[1] is 1.5: it must be a number from 0 to 1'],
    [
      'alpha_bar',
      Array.from({ length: 1000 }, (_, t) => t / 1000),
      'entry 1 exceeds the one before',
    ],
    ['camera', undefined, 'manifest.json: camera is missing: it must be an object'],
    [
      'camera.azimuth_offsets',
      [0, 90],
      'camera: azimuth_offsets is [0,90]: it must be a list of 3 numbers',
    ],
    ['camera.elevation', [40, -10], 'it must be the lowest first'],
    ['camera.fovy', '40', 'camera: fovy is "40"'],
    ['text.max_tokens', undefined, 'manifest.json: text: max_tokens is missing'],
    ['text.unconditional', null, 'text: unconditional is null'],
    ['guidance.scale', undefined, 'guidance: scale is missing'],
    ['lora.targets', [], 'lora: targets is []: it must be a list of at least 1'],
    ['files.denoiser', undefined, 'files: denoiser is missing'],
    [
      'files.tokenizer.sha256',
      'abc',
      'tokenizer: sha256 is "abc": it must be 64 hexadecimal digits',
    ],
    ['files.denoiser.path', '../x.onnx', 'it must be a path beside the manifest'],
    ['camera.input', 'no', 'camera: input is "no": it must be true or false'],
    ['name', '', 'name is "": it must be a text'],
    ['id', ['x'.repeat(100)], 'id is a list of 1: it must be a text'],
    ['camera', [], 'camera: azimuth_offsets is missing'],
  ])('names the field: %s = %j', (path, value, message) => {
    expect(() => parseManifest(changed(path, value))).toThrow(message);
    expect(() => parseManifest(changed(path, value))).toThrow(LimbeckError);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, -1])('refuses %d as a number', (value) => {
    const camera = { ...good.camera, distance: value };
    expect(() => parseManifest({ ...good, camera })).toThrow(
      `camera: distance is ${value}: it must be a number from 1 to 1000`,
    );
    expect(() => parseManifest({ ...good, views: value })).toThrow(`views is ${value}: it must be`);
  });

  test.each(['../text/x', '../a.b/c/d.e'])('takes a path into the folder beside it: %s', (path) => {
    const { files } = parseManifest(changed('files.tokenizer.path', path));
    expect(files.tokenizer.path).toBe(path);
  });

  test.each([
    '/x',
    'a/../../x',
    '../x',
    '../../x',
    '.././x',
    '../a/../x',
    '../a/../../x',
    '..//x',
    '../a/',
    'C:x',
    'https://e.org/x',
    '..\\x',
    '%2e%2e/x',
    'x?y',
    'x#y',
  ])('refuses a path that leaves the folder: %s', (path) => {
    expect(() => parseManifest(changed('files.tokenizer.path', path))).toThrow(
      `path is ${JSON.stringify(path)}: it must be a path beside the manifest`,
    );
  });

  test('refuses a huge list in a short message', async () => {
    const huge = changed('alpha_bar', new Array(1e6).fill(0.5));
    expect(await refusal(() => parseManifest(huge))).toContain(
      'alpha_bar is a list of 1000000: it must be a list of 1000 numbers. Export',
    );
  });

  test('tells the network the cameras unless the file says otherwise', () => {
    expect(parseManifest(changed('camera.input', undefined))).toEqual(good);
    expect(parseManifest(changed('camera.input', false)).camera.input).toBe(false);
  });

  test.each(Object.keys(shippedPriors))('takes that of the prior %s', (name) => {
    const file = new URL(`../../models/${name}/manifest.json`, import.meta.url);
    expect(parseManifest(JSON.parse(readFileSync(file, 'utf8'))).channels).toBe(4);
  });

  test('ignores what it does not know', () => {
    expect(parseManifest({ ...good, tier: '32' })).toEqual(good);
  });

  describe('a background', () => {
    const rgb = (background: unknown) => parseManifest({ ...good, channels: 3, background });

    test.each([['random'], [[1, 1, 1]], [[0, 0.5, 1]]])('is %j', (background) => {
      expect(rgb(background).background).toEqual(background);
    });

    test('is needed where views have no alpha', async () => {
      expect(await refusal(() => parseManifest(changed('channels', 3)))).toBe(
        "manifest.json: background is missing: it must be 'random' or a list of 3 numbers from 0 to 1, as channels is 3: the model sees RGB over it. Export the model again, or correct the manifest.",
      );
    });

    test('is refused where they have it', () => {
      expect(() => parseManifest({ ...good, background: 'random' })).toThrow(
        'background is "random": it must be left out, as channels is 4: the model sees alpha itself',
      );
    });

    test.each([['white'], [[1, 1]], [[1, 1, 2]], [[1, 1, Number.NaN]], [0.5], [null], [{}]])(
      'is not %j',
      async (background) => {
        expect(await refusal(() => rgb(background))).toMatch(
          /background is .*: it must be 'random' or a list of 3 numbers from 0 to 1\. Export/,
        );
        expect(() => rgb(background)).toThrow(LimbeckError);
      },
    );
  });
});

describe('files', () => {
  test('load verified, with progress', async () => {
    const seen = new Map<string, number>();
    const prior = await loadPrior(folder(stored), (path, received) => seen.set(path, received));
    expect(prior.manifest).toEqual(good);
    expect(prior.denoiser).toBe(stored.get('denoiser.onnx'));
    expect(prior.textEncoder).toBe(stored.get('text_encoder.onnx'));
    expect(prior.tokenizer).toMatchObject({ format: 'wordpiece' });
    for (const { path, bytes } of Object.values(good.files)) expect(seen.get(path)).toBe(bytes);
  });

  test('a missing file is named', async () => {
    for (const name of stored.keys()) {
      const files = new Map(stored);
      files.delete(name);
      expect(await refusal(loadPrior(folder(files)))).toContain(
        `some/model/${name} cannot be read: ENOENT. Download the model again`,
      );
    }
  });

  test('a truncated, a lengthened and an altered file are named', async () => {
    const entry = good.files.denoiser;
    const bytes = stored.get('denoiser.onnx')!;
    const altered = bytes.slice();
    altered[bytes.length >> 1]! ^= 1;
    const cases = [
      [
        bytes.slice(0, -1),
        `denoiser.onnx is truncated: ${bytes.length - 1} of ${bytes.length} bytes`,
      ],
      [new Uint8Array(bytes.length + 1), 'denoiser.onnx is too long'],
      [altered, 'denoiser.onnx is not the file of its manifest: its SHA-256 is'],
    ] as const;
    for (const [wrong, message] of cases) {
      await expect(verify(entry, wrong)).rejects.toThrow(message);
      await expect(verify(entry, wrong)).rejects.toThrow(LimbeckError);
      await expect(loadPrior(folder(new Map(stored).set('denoiser.onnx', wrong)))).rejects.toThrow(
        message,
      );
    }
  });

  test('a manifest that is no JSON is named', async () => {
    const html = new TextEncoder().encode('<!doctype html>');
    await expect(loadPrior(folder(new Map([['manifest.json', html]])))).rejects.toThrow(
      'manifest.json is not JSON',
    );
  });

  test('are fetched beside the manifest, with progress and a status on failure', async () => {
    const { createServer } = await import('node:http');
    const bytes = stored.get('denoiser.onnx')!;
    const server = createServer((request, response) => {
      if (request.url !== '/models/denoiser.onnx') return response.writeHead(404).end();
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 100));
      return setTimeout(() => response.end(bytes.subarray(100)), 30);
    });
    await new Promise<void>((resolve) => server.listen(0, resolve));
    const { port } = server.address() as { port: number };
    try {
      const files = new FetchedFiles(`http://localhost:${port}/models`);
      const progress: number[][] = [];
      const read = await files.read('denoiser.onnx', (...at) => progress.push(at));
      expect(Buffer.compare(read, bytes)).toBe(0);
      expect(progress.at(-1)).toEqual([bytes.length, bytes.length]);
      expect(progress[0]![0]).toBeLessThan(bytes.length);
      await expect(files.read('other.onnx')).rejects.toThrow(
        '/models/other.onnx is missing (HTTP 404)',
      );
    } finally {
      server.close();
    }
    await expect(new FetchedFiles(`http://localhost:${port}/`).read('x')).rejects.toThrow(
      `http://localhost:${port}/x cannot be fetched`,
    );
  });
});
