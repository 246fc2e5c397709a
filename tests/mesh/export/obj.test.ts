import { PNG } from 'pngjs';
import { OBJLoader } from 'three/addons/loaders/OBJLoader.js';
import { describe, expect, test } from 'vitest';
import { exportMesh, type MeshFile } from '../../../src/mesh/export';
import { expectColours, expectSameSurface, names, only, texturedRing } from './ring';

const { mesh, image, texture } = await texturedRing();
const text = ({ bytes }: MeshFile) => new TextDecoder().decode(bytes);

describe('OBJ', () => {
  test('with a texture brings its material and image, and three reads them', async () => {
    const files = await exportMesh(mesh, 'obj', { texture, name: 'a "ring"\nf 1 2 3' });
    expect(names(files)).toEqual(['mesh.obj', 'mesh.mtl', 'mesh.png']);
    const [obj, mtl, png] = files as [MeshFile, MeshFile, MeshFile];
    expect(text(obj)).toContain('mtllib mesh.mtl');
    const [material] = /(?<=usemtl ).+/.exec(text(obj))!;
    expect(text(mtl)).toContain(`newmtl ${material}\n`);
    expect(text(mtl)).toContain('map_Kd mesh.png');
    expect(new Uint8ClampedArray(PNG.sync.read(Buffer.from(png.bytes)).data)).toEqual(image.data);
    const object = only(new OBJLoader().parse(text(obj)));
    expect(object.name).toBe('a_ring_f_1_2_3');
    expectSameSurface(mesh.positions, mesh, object.geometry, 5);
    const { uv } = object.geometry.attributes;
    for (let i = 0; i < uv!.count; i += 17) {
      const at = 2 * texture.atlas.indices[i]!;
      expect(uv!.getX(i)).toBeCloseTo(texture.atlas.uvs[at]!, 5);
      expect(uv!.getY(i)).toBeCloseTo(1 - texture.atlas.uvs[at + 1]!, 5);
    }
  });

  test('does not open the mesh along seams', async () => {
    const [obj] = await exportMesh(mesh, 'obj', { texture });
    const corners = [...text(obj!).matchAll(/ (\d+)\/(\d+)\/(\d+)/g)];
    expect(corners.map(([, vertex]) => Number(vertex) - 1)).toEqual([...mesh.indices]);
    expect(Math.max(...corners.map(([, , at]) => Number(at)))).toBe(texture.atlas.vertices.length);
  });

  test('without a texture has vertex colours', async () => {
    const files = await exportMesh(mesh, 'obj', {});
    expect(names(files)).toEqual(['mesh.obj', 'mesh.mtl']);
    expect(text(files[1]!)).not.toContain('map_Kd');
    const { geometry } = only(new OBJLoader().parse(text(files[0]!)));
    expectSameSurface(mesh.positions, mesh, geometry, 5);
    expectColours(mesh, geometry, (i) => mesh.indices[i]!, 5);
  });
});
