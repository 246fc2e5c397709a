import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { exportMesh } from '../../../src/mesh/export';
import { names, texturedRing } from './ring';

const { mesh, texture } = await texturedRing();

async function layer(options: Parameters<typeof exportMesh>[2]) {
  const files = await exportMesh(mesh, 'usdz', options);
  expect(names(files)).toEqual(['mesh.usdz']);
  const parts = unzipSync(files[0]!.bytes);
  const [first = ''] = Object.keys(parts);
  expect(first).toBe('mesh.usda');
  return { text: new TextDecoder().decode(parts[first]), parts };
}

/** The numbers of an array in the text of a layer. */
function numbers(text: string, name: string): number[] {
  const [, inside] = new RegExp(`${name} = \\[(.*?)\\]`).exec(text) ?? [];
  return (inside ?? '').replace(/[()]/g, '').split(', ').map(Number);
}

test('USDZ: the mesh, whole along seams, and its texture', async () => {
  const { text, parts } = await layer({ texture });
  expect(numbers(text, 'faceVertexIndices')).toEqual([...mesh.indices]);
  expect(numbers(text, 'primvars:st:indices')).toEqual([...texture.atlas.indices]);
  numbers(text, 'points').forEach((value, i) => {
    expect(value).toBeCloseTo(mesh.positions[i]!, 5);
  });
  numbers(text, 'primvars:st').forEach((value, i) => {
    const place = texture.atlas.uvs[i]!;
    expect(value).toBeCloseTo(i % 2 === 0 ? place : 1 - place, 5);
  });
  expect(parts['textures/colours.png']).toEqual(new Uint8Array(texture.png));
  expect(text).toContain('asset inputs:file = @textures/colours.png@');
});

test('USDZ: the object stands on the floor', async () => {
  const { text } = await layer({});
  const [, height] = /translate = \(0, (.*), 0\)/.exec(text)!;
  const lowest = mesh.positions.reduce(
    (low, value, i) => (i % 3 === 1 ? Math.min(low, value) : low),
    0,
  );
  expect(Number(height)).toBeCloseTo(-lowest, 5);
});

test('USDZ: without a texture has vertex colours', async () => {
  const { text, parts } = await layer({});
  expect(Object.keys(parts)).toEqual(['mesh.usda']);
  expect(numbers(text, 'primvars:displayColor').length).toBe(mesh.colours.length);
});

test('USDZ: unlit colours shine by themselves', async () => {
  const { text } = await layer({ unlit: true, texture });
  expect(text).toContain('inputs:emissiveColor.connect');
  expect(text).not.toContain('inputs:diffuseColor.connect');
});

test.each([1, 2, 3, 17, 63, 64])(
  'USDZ: every file begins at a multiple of 64: %i',
  async (length) => {
    const [file] = await exportMesh(mesh, 'usdz', { texture, file: 'x'.repeat(length) });
    const { bytes } = file!;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    let at = 0;
    let files = 0;
    while (view.getUint32(at, true) === 0x04034b50) {
      expect(view.getUint16(at + 8, true)).toBe(0); // stored
      const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
      expect(start % 64).toBe(0);
      at = start + view.getUint32(at + 18, true);
      files++;
    }
    expect(files).toBe(2);
  },
);
