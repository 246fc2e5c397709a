import { bounds, glbOf, square } from './files';

/** The square with a colour at each of its four corners, by Draco's encoder. */
const packed = Buffer.from(
  'RFJBQ08CAgEBAAAABAIBAgAAAR//ARH/AREC/wAAAAAAAQAJAwAAAgECAgQAAQEBAQEAAwMBMAEQAwAogpgAAAAAAP8HAAAAAEBAAAAAwAAA' +
    'gD8AAIBACwEBAQADAwEwARADACSCKTECAAAAAP8AAAA=',
  'base64',
);

/** A GLB of the square, compressed with Draco; of so many of its bytes. */
export function dracoSquare(length = packed.length): Uint8Array {
  return glbOf(
    {
      extensionsUsed: ['KHR_draco_mesh_compression'],
      extensionsRequired: ['KHR_draco_mesh_compression'],
      asset: { version: '2.0' },
      scenes: [{ nodes: [0] }],
      nodes: [{ mesh: 0 }],
      meshes: [
        {
          primitives: [
            {
              attributes: { POSITION: 0, COLOR_0: 1 },
              indices: 2,
              extensions: {
                KHR_draco_mesh_compression: {
                  bufferView: 0,
                  attributes: { POSITION: 0, COLOR_0: 1 },
                },
              },
            },
          ],
        },
      ],
      accessors: [
        { ...bounds(square), componentType: 5126, count: 4, type: 'VEC3' },
        { componentType: 5121, normalized: true, count: 4, type: 'VEC4' },
        { componentType: 5125, count: 6, type: 'SCALAR' },
      ],
      bufferViews: [{ buffer: 0, byteLength: length }],
      buffers: [{ byteLength: length }],
    },
    packed.subarray(0, length),
  );
}
