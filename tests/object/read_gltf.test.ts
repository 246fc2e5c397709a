import { MeshoptEncoder } from 'meshoptimizer/encoder';
import { describe, expect, test } from 'vitest';
import { refusal } from '../refusal';
import { dracoSquare } from './draco';
import { bounds, glbOf, pngOf, read, rounded, square, squareUvs, triangles } from './files';

describe('compression', () => {
  test.each(['EXT_meshopt_compression', 'KHR_meshopt_compression'])(
    'by meshopt is read (%s)',
    async (name) => {
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
        extensionsUsed: [name],
        extensionsRequired: [name],
        asset: { version: '2.0' },
        scenes: [{ nodes: [0] }],
        nodes: [{ mesh: 0 }],
        meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
        accessors: [
          { ...bounds(square), bufferView: 0, componentType: 5126, count: 6, type: 'VEC3' },
        ],
        // The view's own buffer is a place for who cannot unpack, and may be empty.
        bufferViews: [
          { buffer: 1, byteLength: 72, byteStride: 12, extensions: { [name]: extension } },
        ],
        buffers: [{ byteLength: packed.length }, { byteLength: 72 }],
      };
      const { centre, mesh } = await read('meshopt.glb', glbOf(json, packed));
      expect(centre).toEqual([5, 0, 1]);
      expect(mesh.paintOf.length).toBe(2);
      const damaged = packed.map((byte, i) => (i === 0 ? byte ^ 255 : byte));
      expect(await refusal(read('meshopt.glb', glbOf(json, damaged)))).toMatch(
        /damaged \(meshopt\)/,
      );
    },
  );

  test('by Draco is read', async () => {
    const { centre, mesh } = await read('draco.glb', dracoSquare());
    expect(rounded(centre)).toEqual([5, 0, 1]);
    expect(mesh.paintOf.length).toBe(2);
    const colours = Array.from({ length: 6 }, (_, i) =>
      [...mesh.colours.subarray(3 * i, 3 * i + 3)].join(' '),
    );
    expect(new Set(colours)).toEqual(new Set(['1 0 0', '0 1 0', '0 0 1', '1 1 1']));
  });

  test('by Draco, damaged', async () => {
    expect(await refusal(read('draco.glb', dracoSquare(60)))).toMatch(
      /compressed with Draco is damaged/,
    );
  });
});

describe('files beside it', () => {
  const glb = Buffer.from(triangles({ positions: square }));
  const jsonLength = glb.readUInt32LE(12);
  const json = JSON.parse(glb.subarray(20, 20 + jsonLength).toString());
  const data = glb.subarray(28 + jsonLength);
  const withUri = (uri: string) => JSON.stringify({ ...json, buffers: [{ uri, byteLength: 72 }] });

  test('hold the triangles of a glTF', async () => {
    const { centre } = await read('model.gltf', withUri('my%20data.bin'), { 'my data.bin': data });
    expect(centre).toEqual([5, 0, 1]);
  });

  test('may be data URIs', async () => {
    const uri = `data:application/octet-stream;base64,${data.toString('base64')}`;
    expect((await read('model.gltf', withUri(uri))).centre).toEqual([5, 0, 1]);
  });

  test.each([
    ['lost.bin', /in lost.bin, which is missing.*as one GLB/],
    ['https://example.org/lost.bin', /nothing is fetched from the network/],
    ['data:application/octet-stream;base64,%%%', /data URI that is damaged/],
  ])('%s is missing', async (uri, words) => {
    expect(await refusal(read('model.gltf', withUri(uri)))).toMatch(words);
  });

  test('a picture is asked for by its name, and done without', async () => {
    const picture = {
      materials: [
        { pbrMetallicRoughness: { baseColorFactor: [1, 0, 0, 1], baseColorTexture: { index: 0 } } },
      ],
      textures: [{ source: 0 }],
      images: [{ uri: 'a%20picture.png' }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
    };
    const textured = triangles({ positions: square, uvs: squareUvs, json: picture });
    const { mesh } = await read('beside.glb', textured, { 'a picture.png': pngOf(1, 2, 3) });
    expect([...mesh.paints[0]!.texture!.levels[0]!.data.subarray(0, 4)]).toEqual([1, 2, 3, 255]);
    const without = await read('beside.glb', textured);
    expect(without.mesh.paints[0]!.texture).toBeUndefined();
    expect([...without.mesh.colours.subarray(0, 3)]).toEqual([1, 0, 0]);
    expect(without.notes.join()).toMatch(/a%20picture.png, which is missing/);
  });
});

describe('materials', () => {
  const shown = (material: object) => {
    const image = pngOf(255, 255, 255);
    const json = {
      materials: [material],
      meshes: [{ primitives: [{ attributes: { POSITION: 0, TEXCOORD_0: 1 }, material: 0 }] }],
    };
    return read('material.glb', triangles({ positions: square, uvs: squareUvs, image, json }));
  };

  test('70,000 nodes with one textured material are one paint', async () => {
    const count = 70_000;
    const json = {
      scenes: [{ nodes: [0] }],
      nodes: [
        { children: Array.from({ length: count }, (_, i) => i + 1) },
        ...Array.from({ length: count }, (_, i) => ({ mesh: 0, translation: [i, 0, 0] })),
      ],
    };
    const image = pngOf(1, 2, 3);
    const { mesh } = await read(
      'many.glb',
      triangles({ positions: square, uvs: squareUvs, image, json }),
    );
    expect(mesh.paintOf.length).toBe(2 * count);
    expect(mesh.paints.length).toBe(1);
  }, 120_000);

  test('what blends is there from one half on', async () => {
    const glass = (alpha: number) => ({
      alphaMode: 'BLEND',
      pbrMetallicRoughness: { baseColorFactor: [1, 1, 1, alpha] },
    });
    expect((await shown(glass(0.6))).mesh.paintOf.length).toBe(2);
    expect(await refusal(shown(glass(0.4)))).toMatch(/transparent everywhere/);
  });

  test("a material's alpha raises the cutoff of its texture's", async () => {
    const { mesh } = await shown({
      alphaMode: 'MASK',
      alphaCutoff: 0.4,
      pbrMetallicRoughness: { baseColorFactor: [1, 1, 1, 0.8], baseColorTexture: { index: 0 } },
    });
    expect(mesh.paints[0]!.cutoff).toBeCloseTo(0.5);
  });

  test('an extension that changes only light is none that a field needs', async () => {
    const json = {
      extensionsUsed: ['KHR_materials_sheen'],
      extensionsRequired: ['KHR_materials_sheen'],
    };
    expect(
      (await read('sheen.glb', triangles({ positions: square, json }))).mesh.paintOf.length,
    ).toBe(2);
  });
});

describe('contradictions are named:', () => {
  const of = (json: object) => refusal(read('bad.glb', triangles({ positions: square, json })));
  test.each<[string, object, RegExp]>([
    ['a node below itself', { nodes: [{ mesh: 0, children: [1] }, { children: [0] }] }, /below/],
    [
      'a node below two',
      { nodes: [{ children: [2] }, { children: [2] }, { mesh: 0 }] },
      /node 2 is below two others/,
    ],
    ['a mesh that is not there', { nodes: [{ mesh: 3 }] }, /node 0 names mesh 3 of 1/],
    ['text for a number', { nodes: [{ mesh: 'a' }] }, /in its JSON, nodes.0.mesh is "a"/],
    ['nothing in it', { nodes: [] }, /scene 0 names node 0 of 0/],
    ['no nodes', { nodes: [], scenes: [] }, /has no scene/],
    [
      'more elements than bytes',
      { accessors: [{ bufferView: 0, componentType: 5126, count: 60, type: 'VEC3' }] },
      /accessor 0 needs 720 bytes, its buffer view has 72/,
    ],
    ['glTF 1', { asset: { version: '1.0' } }, /of glTF 1.0, not 2.0/],
  ])('%s', async (_, json, words) => {
    expect(await of(json)).toMatch(words);
  });
});
