import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { describe, expect, test } from 'vitest';
import { readGlb } from '../../src/object/read_glb';
import { refusal } from '../refusal';
import { bounds, glbOf, pngOf, read, square, squareUvs, triangles } from './files';

describe('compression', () => {
  test('by meshopt is read', async () => {
    await MeshoptEncoder.ready;
    const source = new Uint8Array(Float32Array.from(square).buffer);
    const packed = MeshoptEncoder.encodeGltfBuffer(source, 6, 12, 'ATTRIBUTES');
    const extension = {
      buffer: 0,
      byteLength: packed.length,
      byteStride: 12,
      count: 6,
      mode: 'ATTRIBUTES',
    };
    const json = {
      extensionsUsed: ['EXT_meshopt_compression'],
      extensionsRequired: ['EXT_meshopt_compression'],
      asset: { version: '2.0' },
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
      accessors: [
        { ...bounds(square), bufferView: 0, componentType: 5126, count: 6, type: 'VEC3' },
      ],
      bufferViews: [
        {
          buffer: 0,
          byteLength: 72,
          byteStride: 12,
          extensions: { EXT_meshopt_compression: extension },
        },
      ],
      buffers: [{ byteLength: packed.length }],
    };
    const { centre, mesh } = await read('meshopt.glb', glbOf(json, packed));
    expect(centre).toEqual([5, 0, 1]);
    expect(mesh.paintOf.length).toBe(2);
  });

  test('by Draco is refused by name', async () => {
    const json = { extensionsUsed: ['KHR_draco_mesh_compression'] };
    expect(await refusal(read('draco.glb', triangles({ positions: square, json })))).toMatch(
      /compressed with Draco.*without mesh compression/,
    );
  });
});

test('an image beside the file is asked for by its name', async () => {
  const json = {
    materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }],
    textures: [{ source: 0 }],
    images: [{ uri: 'a%20picture.png' }],
    meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
  };
  const glb = triangles({ positions: square, uvs: squareUvs, json });
  const { mesh } = await read('beside.glb', glb, { 'a picture.png': pngOf(1, 2, 3) });
  expect([...mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 4)]).toEqual([1, 2, 3, 255]);
  await expect(read('beside.glb', glb)).rejects.toThrow(/a picture.png cannot be read/);
});

test('bytes may lie within a larger buffer', async () => {
  const glb = triangles({ positions: square });
  const larger = new Uint8Array(glb.length + 8);
  larger.set(glb, 4);
  const { root } = await readGlb(larger.subarray(4, -4), 'within.glb');
  expect(root.children.length).toBe(1);
});
