import { unzipSync } from 'fflate';
import { expect, test } from 'vitest';
import { exportMesh } from '../../../src/mesh/export';
import { printPositions } from '../../../src/mesh/export/print';
import { names, texturedRing } from './ring';

const { mesh } = await texturedRing();

async function model(name: string) {
  const files = await exportMesh(mesh, '3mf', { millimetres: 80, name });
  expect(names(files)).toEqual(['mesh.3mf']);
  const parts = unzipSync(files[0]!.bytes);
  expect(Object.keys(parts)).toEqual(['[Content_Types].xml', '_rels/.rels', '3D/3dmodel.model']);
  return new TextDecoder().decode(parts['3D/3dmodel.model']);
}

const matches = (text: string, pattern: RegExp) => [...text.matchAll(pattern)];

test('3MF: vertices in millimetres, z up, each with its colour', async () => {
  const xml = await model('a ring');
  expect(xml).toContain('unit="millimeter"');
  const places = matches(xml, /<vertex x="(.*?)" y="(.*?)" z="(.*?)"\/>/g).map(([, ...xyz]) =>
    xyz.map(Number),
  );
  const expected = printPositions(mesh.positions, 80);
  expect(places.length).toBe(expected.length / 3);
  places.flat().forEach((value, i) => {
    expect(value).toBeCloseTo(expected[i]!, 5);
  });
  const palette = matches(xml, /<m:color color="(.*?)"\/>/g).map(([, colour]) => colour!);
  const triangles = matches(
    xml,
    /<triangle v1="(\d+)" v2="(\d+)" v3="(\d+)" pid="1" p1="(\d+)" p2="(\d+)" p3="(\d+)"\/>/g,
  ).map(([, ...numbers]) => numbers.map(Number));
  expect(triangles.flatMap((numbers) => numbers.slice(0, 3))).toEqual([...mesh.indices]);
  for (const numbers of triangles) {
    for (let corner = 0; corner < 3; corner++) {
      const colour = mesh.colours.subarray(3 * numbers[corner]!, 3 * numbers[corner]! + 3);
      const bytes = [...colour].map((value) => Math.round(255 * value));
      expect(palette[numbers[3 + corner]!]).toBe(
        `#${Buffer.from([...bytes, 255])
          .toString('hex')
          .toUpperCase()}`,
      );
    }
  }
});

test('3MF: a name is text, whatever is in it', async () => {
  expect(await model('a "ring" <&\u0000 more\n')).toContain(
    'name="a &quot;ring&quot; &lt;&amp;  more "',
  );
});
