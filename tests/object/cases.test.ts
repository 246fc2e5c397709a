import { describe, expect, test } from 'vitest';
import { inWords } from '../../src/errors';
import { decodeInNode } from '../../src/image/picture_node';
import { ObjectError } from '../../src/object/object_mesh';
import { readObject } from '../../src/object/read_object';
import { besideOf, caseFiles } from './case_files';
import { rounded } from './files';

/** What is right: triangles, and what differs from a white tetrahedron of edges (1, 0, 0), (0, 1, 0), (0, 0, 1). */
interface Right {
  readonly triangles?: number;
  readonly centre?: readonly [number, number, number];
  /** Linear RGB of the first corners. */
  readonly colours?: readonly number[];
  /** RGBA of the texture's first texel. */
  readonly texel?: readonly number[];
  readonly emission?: readonly number[];
  /** Coordinates of the first two corners. */
  readonly uvs?: readonly number[];
  readonly note?: RegExp;
}

const [white, red] = [
  [1, 1, 1],
  [1, 0, 0],
];
const wood = [255, 0, 0, 255];
const textured: Right = { texel: wood };
const flat: Right = { triangles: 1, centre: [0.5, 0.5, 0] };

const right: Readonly<Record<string, Right>> = {
  'abspath.obj': textured,
  'backslash.obj': textured,
  'bom.obj': flat,
  'bump.obj': { colours: red },
  'color_u16_stride.glb': { colours: [...red, 0, 0, 1] },
  'color_u8_vec4.glb': { colours: [...red, 0, 0, 1] },
  'colour01.obj': { colours: [0.214, 0, 0] },
  'colour255.obj': { colours: [...red, 0, 0, 1, 0, 1, 0, ...red, 0, 1, 0, ...white] },
  'cont.obj': { triangles: 2 },
  'crlf.obj': {},
  'data_buffer.glb': {},
  'emissive_only.glb': { colours: [0, 0, 0], emission: [...white, ...wood] },
  'flat.obj': flat,
  'gif.glb': { texel: [0, 0, 0, 0] },
  'img_beside_space.glb': textured,
  'img_bmp_bmp.glb': textured,
  'img_missing.glb': { note: /picture my%20tex.png, which is missing/ },
  'img_uri_query.glb': { note: /https:\/\/example.org\/a.png; nothing is fetched/ },
  'img_webp_webp.glb': { texel: [255, 1, 0, 255] },
  'jpeg.glb': { texel: [200, 200, 200, 255] },
  'kd0.obj': textured,
  'ktx2_fallback.glb': textured,
  'latin.obj': textured,
  'lines_and_tris.glb': {},
  'missing_mtl.obj': { triangles: 2, note: /nothere.mtl, which is missing/ },
  'missing_uv1.glb': {},
  'mixed_colour.obj': { colours: [...red, ...red, ...white] },
  'mixed_faces.obj': textured,
  'morph.glb': { centre: [3, 0.5, 0.5] },
  'mrgb.obj': { colours: [...red, 0, 0, 1, 0, 1, 0] },
  'neg.obj': {},
  'neg_scale.glb': { centre: [-0.5, 0.5, 0.5] },
  'no_default_scene.glb': {},
  'no_scene.glb': {},
  'no_texcoord.glb': {},
  'nokd.obj': textured,
  'normal_only.glb': {},
  'opt.obj': { ...textured, uvs: [0.1, 1, 0.1, -1] },
  'plain.glb': {},
  'plain.obj': {},
  'png.glb': textured,
  // Its second face is a triangle beside the notch: three triangles, and one.
  'quad_concave.obj': { triangles: 4, centre: [1, 1, 0.5] },
  'quantized.glb': {},
  'rgba.obj': { colours: red },
  'second_scene.glb': {},
  'space.obj': textured,
  'sparse.glb': {},
  'specgloss.glb': textured,
  'strip.glb': { triangles: 10 },
  'tabs.obj': { triangles: 2 },
  'tex_transform_uv1.glb': { ...textured, uvs: [0.5, 0, 0.5739, 0.2388] },
  'two_lib_lines.obj': { colours: [0, 1, 0] },
  'upper.obj': textured,
  'webp_ext.glb': { texel: [130, 130, 130, 255] },
  'webp_fallback.glb': { texel: [130, 130, 130, 255] },
  'weight.obj': {},
  'zero_scale.glb': { centre: [0, 0.5, 0.5] },
};

const refused: Readonly<Record<string, RegExp>> = {
  'alpha0_blend.glb': /transparent everywhere.*opaque materials/,
  'bad_index.glb': /face 2 names vertex 9 of 4/,
  'bad_index.obj': /face 1 names vertex 9 of 4/,
  'empty.obj': /no triangles/,
  'img_crc_png.glb': /image 0, a texture of .*IDAT is damaged \(its checksum/,
  'img_tif_tif.glb': /a TIFF picture.*PNG, JPEG, WebP/,
  'img_trunc_png.glb': /image 0, a texture of .*ends within its chunk IDAT/,
  'ktx2_ext.glb': /a KTX2 picture.*PNG, JPEG, WebP/,
  'lines.glb': /no triangles: points and lines/,
  'lines.obj': /no triangles: points and lines/,
  'model.gltf': /accessor 0 names buffer view 0 of 0/,
  'model.stl': /no triangles/,
  'nan.glb': /position that is NaN, in triangle 1/,
  'nofaces.obj': /no triangles/,
  'points.obj': /no triangles/,
  'unknown_required.glb': /requires the extension FOO_bar/,
};

const open = (name: string) =>
  readObject(caseFiles.get(name)!, name, besideOf(caseFiles), { platform: decodeInNode });

describe('is read', () => {
  test.each(Object.entries(right))('%s', async (name, expected) => {
    const { mesh, centre, notes } = await open(name);
    expect(mesh.paintOf.length).toBe(expected.triangles ?? 4);
    expect(rounded(centre)).toEqual(expected.centre ?? [0.5, 0.5, 0.5]);
    const colours = expected.colours ?? white;
    const found = mesh.colours.subarray(0, colours.length);
    colours.forEach((value, i) => {
      expect(found[i]).toBeCloseTo(value, 3);
    });
    const { texture, emission } = mesh.paints[0]!;
    expect(texture && [...texture.levels[0]!.data.subarray(0, 4)]).toEqual(expected.texel);
    const glow = emission?.texture?.levels[0]?.data.subarray(0, 4) ?? [];
    expect([...(emission?.colour ?? []), ...glow]).toEqual(expected.emission ?? []);
    if (expected.uvs) expect(rounded(mesh.uvs.subarray(0, 4))).toEqual(expected.uvs);
    expect(notes.join(' ')).toMatch(expected.note ?? /^$/);
  });
});

describe('is refused', () => {
  test.each(Object.entries(refused))('%s', async (name, words) => {
    const failure = await open(name).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(ObjectError);
    expect(inWords(failure)).toMatch(words);
    expect((failure as Error).message).toContain(name);
  });
});

test('no object among the cases is left out', () => {
  const objects = [...caseFiles.keys()].filter((path) => /\.(glb|gltf|obj|stl)$/.test(path));
  expect(Object.keys({ ...right, ...refused }).sort()).toEqual(objects.sort());
});

test('a notch of a polygon is no part of it', async () => {
  const { mesh, centre, radius } = await open('quad_concave.obj');
  const xy = (vertex: number) =>
    [0, 1].map((axis) => mesh.positions[3 * vertex + axis]! * radius + centre[axis]!);
  const areas = [0, 1, 2].map((triangle) => {
    const [a, b, c] = [0, 1, 2].map((k) => xy(3 * triangle + k)) as [number[], number[], number[]];
    return Math.abs((b[0]! - a[0]!) * (c[1]! - a[1]!) - (b[1]! - a[1]!) * (c[0]! - a[0]!)) / 2;
  });
  // The square of side 2 without the notch, a triangle of base 2 and height 1.8.
  expect(areas.reduce((sum, area) => sum + area, 0)).toBeCloseTo(4 - 1.8, 5);
});

test('an offset of millions is subtracted before anything is rounded', async () => {
  const grid = (x0: number, y0: number, z0: number) => {
    const at = (i: number, j: number) =>
      `v ${(x0 + 0.05 * i).toFixed(3)} ${(y0 + 0.05 * j).toFixed(3)} ${(z0 + 0.02 * ((i + j) % 2)).toFixed(3)}`;
    const points = Array.from({ length: 81 }, (_, k) => at(k % 9, Math.floor(k / 9)));
    const faces = Array.from({ length: 64 }, (_, k) => {
      const a = 9 * Math.floor(k / 8) + (k % 8) + 1;
      return `f ${a} ${a + 1} ${a + 10} ${a + 9}`;
    });
    return new TextEncoder().encode([...points, ...faces].join('\n'));
  };
  const far = await readObject(grid(500_000, 4_640_000, 100), 'far.obj');
  const near = await readObject(grid(0, 0, 0), 'near.obj');
  expect(rounded(far.mesh.positions)).toEqual(rounded(near.mesh.positions));
  const distinct = new Set(
    Array.from({ length: 384 }, (_, i) => far.mesh.positions.subarray(3 * i, 3 * i + 3).join()),
  );
  expect(distinct.size).toBe(81);
});
