import { spawn } from 'node:child_process';
import { cp, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import validator from 'gltf-validator';
import { PNG } from 'pngjs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ensureProgram } from '../../scripts/setup/program.mjs';
import { adapterEnvironment } from '../../scripts/setup.mjs';
import { readCheckpoint } from '../../src/train/checkpoint';

let program: string;
let folder: string;

beforeAll(async () => {
  program = await ensureProgram();
  folder = await mkdtemp(join(tmpdir(), 'limbeck-'));
});
afterAll(() => rm(folder, { recursive: true }));

interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** The prior of a test that names none: the smaller one. */
const quicker = ['--model', 'default'];

function generate(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Outcome> {
  const child = spawn(process.execPath, [program, 'generate', ...quicker, ...args], {
    env: { ...process.env, ...adapterEnvironment(), ...environment },
  });
  let text = '';
  child.stdout.on('data', (part) => {
    text += part;
  });
  child.stderr.on('data', (part) => {
    text += part;
  });
  return new Promise((done) => child.on('close', (code) => done({ code, text })));
}

const out = (name: string) => join(folder, name);
const quick = [
  ...['--preset', 'tiny', '--steps', '4'],
  ...['--mesh.resolution', '32', '--mesh.texture', '64'],
];

describe.each(['sir', 'sds', 'vsd'])('a run by %s', (method) => {
  test('writes a valid mesh, a turntable, a checkpoint and its record', async () => {
    const dir = out(method);
    const args = ['a pine tree', '--method', method, '--seed', '7', '--out', dir, ...quick];
    const { code, text } = await generate(args);
    expect(text).toContain('4/4');
    expect(code).toBe(0);
    expect((await readdir(dir)).sort()).toEqual([
      'field.safetensors',
      'mesh.glb',
      'run.json',
      'turntable.png',
    ]);
    const report = await validator.validateBytes(
      new Uint8Array(await readFile(join(dir, 'mesh.glb'))),
    );
    expect(report.issues.messages).toEqual([]);
    expect(report.info.totalTriangleCount).toBeGreaterThan(100);
    const png = PNG.sync.read(await readFile(join(dir, 'turntable.png')));
    expect(png.width).toBe(8 * png.height);
    const record = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8'));
    expect(record.settings).toMatchObject({ prompt: 'a pine tree', method, seed: 7, steps: 4 });
    expect(record.steps).toHaveLength(4);
    // By reconstruction: drawn, fitted, and in one round again.
    const [acts, calls] =
      method === 'sir'
        ? [
            ['draw', 'fit', 'draw', 'fit'],
            [2, 0, 2, 0],
          ]
        : [Array(4).fill('distil'), Array(4).fill(method === 'sds' ? 2 : 3)];
    expect(record.steps.map(({ act }: { act: string }) => act)).toEqual(acts);
    expect(record.steps.map(({ calls }: { calls: number }) => calls)).toEqual(calls);
    for (const norm of Object.values(record.steps[3].gradientNorms)) {
      expect(norm).toBeGreaterThan(0);
    }
    expect(record.steps[3].milliseconds.generator).toBeGreaterThan(0);
    expect(Boolean(record.steps[3].fake)).toBe(method === 'vsd');
    expect(record.adapter.description).not.toBe('');
    const { metadata } = readCheckpoint(await readFile(join(dir, 'field.safetensors')));
    expect(metadata.step).toBe('4');
  });
});

test('free pictures leave as one picture, and go on from their checkpoint', async () => {
  const dir = out('pixels');
  const args = ['a red chair', '--generator', 'pixels', '--method', 'vsd', '--out', dir];
  expect((await generate([...args, '--steps', '3', '--watch', '2'])).code).toBe(0);
  expect((await readdir(dir)).sort()).toEqual([
    'field.safetensors',
    'run.json',
    'views.png',
    'watch',
  ]);
  expect(await readdir(join(dir, 'watch'))).toEqual(['000000', '000002']);
  const seen = await readdir(join(dir, 'watch', '000002'));
  expect(seen).toEqual(expect.arrayContaining(['index.html', 'clean-guided.png', 'gradient.png']));
  const gradient = PNG.sync.read(await readFile(join(dir, 'watch', '000002', 'gradient.png')));
  expect([gradient.width, gradient.height]).toEqual([4 * 32, 32]);
  const png = PNG.sync.read(await readFile(join(dir, 'views.png')));
  expect([png.width, png.height]).toEqual([4 * 32, 32]);
  const again = ['--resume', join(dir, 'field.safetensors'), '--steps', '4', '--out', out('more')];
  expect((await generate(again)).code).toBe(0);
  const record = JSON.parse(await readFile(join(out('more'), 'run.json'), 'utf8'));
  expect(record.steps.map(({ step }: { step: number }) => step)).toEqual([3]);
  expect(record.steps[0].gradientNorms.pixels).toBeGreaterThan(0);
});

test('a finished run goes on from its checkpoint with its own settings', async () => {
  const first = ['a cactus 🌵', '--seed', '3', '--out', out('first'), ...quick];
  const { code, text } = await generate(first);
  expect(code).toBe(0);
  expect(text).toContain("The model does not know '🌵': use plain English words.");
  const checkpoint = join(out('first'), 'field.safetensors');
  const more = ['--resume', checkpoint, '--steps', '6', '--out', out('second')];
  expect((await generate(more)).code).toBe(0);
  const record = JSON.parse(await readFile(join(out('second'), 'run.json'), 'utf8'));
  expect(record.settings).toMatchObject({ prompt: 'a cactus 🌵', seed: 3, steps: 6 });
  expect(record.settings.field.levels).toBe(4);
  expect(record.steps.map(({ step }: { step: number }) => step)).toEqual([4, 5]);
});

test('the larger prior makes a run of its own, by VSD, and only that one goes on from it', async () => {
  const args = ['a mushroom', '--model', 'fine', '--method', 'vsd', '--out', out('fine'), ...quick];
  expect((await generate(args)).code).toBe(0);
  const record = JSON.parse(await readFile(join(out('fine'), 'run.json'), 'utf8'));
  expect(record.model.name).toContain('64x64');
  expect(record.steps[3].fake).not.toBeNull();
  const more = ['--resume', join(out('fine'), 'field.safetensors'), '--out', out('other')];
  const { code, text } = await generate(more);
  expect(text).toMatch(/made with another model. Give that one with --model/);
  expect(code).toBe(1);
});

test('a gradient that is not finite ends the run at its last checkpoint', async () => {
  const dir = out('diverging');
  // Both rates: the product of table and perceptron leaves the range of f32, whatever the gradient's sign.
  const rates = ['table', 'mlp'].flatMap((of) => [
    `--optim.${of}LearningRate`,
    '[0.95,0.01,1e38,0.95]',
  ]);
  const args = ['a cactus', '--method', 'sds', ...rates, '--out', dir, ...quick];
  const { code, text } = await generate([...args, '--steps', '60']);
  expect(text).toMatch(
    /gradient of step 5\d is not finite.*last checkpoint.*It is field.safetensors in /,
  );
  expect(code).toBe(1);
  expect(await readdir(dir)).toEqual(['field.safetensors']);
  const { metadata } = readCheckpoint(await readFile(join(dir, 'field.safetensors')));
  expect(metadata.step).toBe('50');
});

test('--best-of keeps the object that the reward finds best, and says what it found', async () => {
  const dir = out('best');
  const args = ['a pine tree', '--method', 'sds', '--best-of', '2', '--seed', '5', '--out', dir];
  const { code, text } = await generate([...args, ...quick]);
  expect(code).toBe(0);
  const { settings, bestOf } = JSON.parse(await readFile(join(dir, 'run.json'), 'utf8'));
  expect(bestOf.map(({ seed }: { seed: number }) => seed)).toEqual([5, 6]);
  const [first, second] = bestOf.map(({ reward }: { reward: number }) => reward);
  expect(settings.seed).toBe(second > first ? 6 : 5);
  expect(first).toBeLessThanOrEqual(0);
  expect(text).toContain(`seed 6: log probability of the prompt ${second.toFixed(2)}`);
});

test.each([
  ['ply', ['mesh.ply']],
  ['obj', ['mesh.mtl', 'mesh.obj', 'mesh.png']],
])('writes the mesh as %s with as many triangles as asked for', async (format, names) => {
  const dir = out(format);
  const mesh = ['--mesh.format', format, '--mesh.triangles', '200', '--mesh.texture', '64'];
  const checkpoint = join(out('first'), 'field.safetensors');
  expect((await generate(['--resume', checkpoint, '--out', dir, ...mesh])).code).toBe(0);
  const found = await readdir(dir);
  expect(found.filter((name) => name.startsWith('mesh.')).sort()).toEqual(names);
  const text = await readFile(join(dir, `mesh.${format}`), 'latin1');
  const faces = /element face (\d+)/.exec(text)?.[1] ?? text.match(/^f /gm)?.length;
  expect(Number(faces)).toBeGreaterThan(150);
  expect(Number(faces)).toBeLessThanOrEqual(200);
});

test('--help names every option', async () => {
  const { code, text } = await generate(['--help']);
  expect(code).toBe(0);
  for (const option of ['method', 'seed', 'out', 'steps', 'preset', 'model', 'adapter', 'resume']) {
    expect(text).toContain(`--${option}`);
  }
});

describe('bad input ends with a message and a code other than 0:', () => {
  const cases: [name: string, args: string[], message: RegExp][] = [
    ['no prompt', [], /prompt is empty/],
    ['an empty prompt', [''], /prompt is empty/],
    ['a prompt of 10,000 characters', ['x'.repeat(10_000)], /10000 characters/],
    ['two prompts', ['a', 'cube'], /Put the prompt in quotes, "a cube"/],
    ['an unknown method', ['a cube', '--method', 'ism'], /Unknown method 'ism'.*sir, sds, vsd/],
    ['an unknown option', ['a cube', '--stepz', '5'], /Unknown option '--stepz'/],
    ['an unknown preset', ['a cube', '--preset', 'ultra'], /Unknown preset 'ultra'/],
    [
      'steps that are no number',
      ['a cube', '--steps', 'ten'],
      /'steps' takes a whole number.*"ten"/,
    ],
    ['an unknown shading', ['a cube', '--shading', 'toon'], /Unknown shading 'toon'.*unlit, lit/],
    ['watching now and then', ['a cube', '--watch', 'often'], /--watch takes a whole number/],
    ['an unknown denoiser', ['a cube', '--denoiser', 'tpu'], /Unknown denoiser 'tpu'/],
    ['an unknown mesh format', ['a cube', '--mesh.format', 'fbx'], /one of glb, obj, ply, stl/],
    [
      'a texture of ten texels',
      ['a cube', '--mesh.texture', '10'],
      /takes a whole number from 64 to 8192, or 0/,
    ],
    ['an unwritable folder', ['a cube', '--out', '/dev/null/x'], /Nothing can be written to/],
    [
      'a prior of no name',
      ['a cube', '--model', 'finest'],
      /no prior 'finest'. Choose fine, default/,
    ],
    ['no model there', ['a cube', '--model', '/nowhere'], /or give a folder that has a manifest/],
    ['no checkpoint there', ['--resume', '/nowhere.safetensors'], /\/nowhere.safetensors cannot/],
    ['a resumed file of another kind', ['--resume', 'package.json'], /checkpoint cannot be used/],
    [
      'no reward there',
      ['a cube', '--method', 'dmdr', '--reward', '/nowhere'],
      /\/nowhere\/manifest.json cannot be read/,
    ],
    ['half an object', ['a cube', '--best-of', '1.5'], /--best-of takes a whole number/],
    [
      'several watched',
      ['a cube', '--best-of', '2', '--watch', '5'],
      /--best-of and --watch contr/,
    ],
    [
      'several sets of pictures',
      ['a cube', '--best-of', '2', '--generator', 'pixels'],
      /free pictures are none/,
    ],
    ['no adapter of that name', ['a cube', '--adapter', 'abacus'], /No WebGPU adapter.*--adapter/s],
  ];
  test.each(cases)('%s', async (_, args, message) => {
    const { code, text } = await generate(['--out', out('refused'), ...args]);
    expect(text).toMatch(message);
    expect(text).not.toMatch(/ at .*\.js:/);
    expect(code).toBe(1);
  });

  test('no adapter at all: how to get one', async () => {
    const { code, text } = await generate(['a cube', '--out', out('refused')], {
      VK_ICD_FILENAMES: '/nowhere.json',
    });
    expect(text).toMatch(/No WebGPU adapter is available.*setup\.mjs/s);
    expect(code).toBe(1);
  });
});

describe('a damaged model is named, and earlier results stay:', () => {
  const damage = async (name: string, change: (model: string) => Promise<unknown>) => {
    const model = out(join(`models ${name}`, 'default'));
    await cp('models/default', model, { recursive: true });
    await cp('models/text', join(model, '../text'), { recursive: true });
    await change(model);
    const dir = out(`kept ${name}`);
    await cp(out('sds'), dir, { recursive: true });
    const before = await readFile(join(dir, 'mesh.glb'));
    const outcome = await generate(['a cube', '--model', model, '--out', dir, ...quick]);
    expect(await readFile(join(dir, 'mesh.glb'))).toEqual(before);
    expect(outcome.code).toBe(1);
    return outcome.text;
  };

  test('truncated', async () => {
    const text = await damage('short', (model) => truncate(join(model, 'denoiser.onnx'), 1000));
    expect(text).toMatch(/denoiser.onnx is truncated: 1000 of \d+ bytes/);
  });

  test('altered', async () => {
    const text = await damage('altered', async (model) => {
      const path = join(model, 'denoiser.onnx');
      const bytes = await readFile(path);
      bytes[5000] = bytes[5000]! ^ 255;
      await writeFile(path, bytes);
    });
    expect(text).toMatch(/denoiser.onnx is not the file of its manifest/);
  });

  const rewritten = (change: (manifest: Record<string, unknown>) => object) =>
    async function rewrite(model: string) {
      const path = join(model, 'manifest.json');
      const manifest = JSON.parse(await readFile(path, 'utf8'));
      await writeFile(path, JSON.stringify({ ...manifest, ...change(manifest) }));
    };

  test('without a field', async () => {
    const text = await damage(
      'bare',
      rewritten(() => ({ views: undefined })),
    );
    expect(text).toMatch(/manifest.json: views is missing: it must be an integer/);
  });

  test('with other counts than its file has', async () => {
    const camera = ({ camera }: Record<string, unknown>) => ({
      views: 2,
      camera: { ...(camera as object), azimuth_offsets: [0, 180] },
    });
    const text = await damage('counts', rewritten(camera));
    expect(text).toMatch(
      /denoiser.onnx: input 'z' has shape .*1,4,4,32,32\], but .* \[1,2,4,32,32\]: the manifest belongs/,
    );
  });

  test('missing', async () => {
    const text = await damage('missing', (model) => rm(join(model, '../text/text_encoder.onnx')));
    expect(text).toMatch(/text_encoder.onnx cannot be read/);
  });
});
