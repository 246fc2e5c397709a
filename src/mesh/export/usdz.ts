import { linear } from '../../image/srgb';
import { alignedZip } from '../../zip';
import type { Mesh } from '../surface/extract';
import type { Texture } from '../texture/texture';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';
import { decimal, encoded, rows } from './text';

/** USDZ lets programs map its files into memory: each begins at a multiple of this many bytes. */
const alignment = 64;
const image = 'textures/colours.png';

/**
 * A USDZ file (OpenUSD) for phones: y up, metres, standing on y = 0, where augmented reality puts the floor. It has
 * one material, with a texture or vertex colours. Positions and texture coordinates have indices of their own, so
 * that seams do not open the mesh. (three's exporter needs a page's canvas, and repeats the vertices.)
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function exportUsdz(mesh: Mesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file, name, unlit, texture } = completed(options);
  const scene = [
    '#usda 1.0',
    '(',
    '  customLayerData = { string creator = "Limbeck" }',
    '  defaultPrim = "object"',
    '  metersPerUnit = 1',
    '  upAxis = "Y"',
    ')',
    'def Xform "object" (',
    `  displayName = ${quoted(name)}`,
    '  kind = "component"',
    ')',
    '{',
    ...meshLines(mesh, texture),
    ...materialLines(unlit, texture),
    '}',
  ];
  const files = [{ name: `${file}.usda`, bytes: encoded(scene) }];
  if (texture) files.push({ name: image, bytes: new Uint8Array(texture.png) });
  return [{ name: `${file}.usdz`, bytes: alignedZip(files, alignment) }];
}

function meshLines(mesh: Mesh, texture?: Texture): string[] {
  const { positions, normals, indices } = mesh;
  const axes = [0, 1, 2].map((axis) => positions.filter((_, i) => i % 3 === axis));
  const ends = (pick: (a: number, b: number) => number) => tuple(axes.map((v) => v.reduce(pick)));
  const floor = -axes[1]!.reduce((a, b) => Math.min(a, b));
  return [
    `  double3 xformOp:translate = ${tuple([0, floor, 0])}`,
    '  uniform token[] xformOpOrder = ["xformOp:translate"]',
    '  def Mesh "mesh" (prepend apiSchemas = ["MaterialBindingAPI"])',
    '  {',
    `    float3[] extent = [${ends((a, b) => Math.min(a, b))}, ${ends((a, b) => Math.max(a, b))}]`,
    `    int[] faceVertexCounts = ${list(rows(indices, 3, () => 3))}`,
    `    int[] faceVertexIndices = ${list(indices)}`,
    '    rel material:binding = </object/material>',
    `    normal3f[] normals = ${list(rows(normals, 3, tuple))} (interpolation = "vertex")`,
    `    point3f[] points = ${list(rows(positions, 3, tuple))}`,
    ...(texture ? textureCoordinates(texture) : vertexColours(mesh)),
    '    uniform token subdivisionScheme = "none"',
    '  }',
  ];
}

function textureCoordinates({ atlas }: Texture): string[] {
  // USD counts from the image's bottom.
  const places = rows(atlas.uvs, 2, ([u, v]) => tuple([u!, 1 - v!]));
  return [
    `    texCoord2f[] primvars:st = ${list(places)} (interpolation = "faceVarying")`,
    `    int[] primvars:st:indices = ${list(atlas.indices)}`,
  ];
}

/** Linear light, as USD's display colours are. */
const vertexColours = ({ colours }: Mesh): string[] => [
  `    color3f[] primvars:displayColor = ${list(rows(colours.map(linear), 3, tuple))} ` +
    '(interpolation = "vertex")',
];

function materialLines(unlit: boolean, texture?: Texture): string[] {
  const colour = unlit ? 'emissiveColor' : 'diffuseColor';
  const source = texture ? 'image.outputs:rgb' : 'colours.outputs:result';
  return [
    '  def Material "material"',
    '  {',
    '    token outputs:surface.connect = </object/material/surface.outputs:surface>',
    '    def Shader "surface"',
    '    {',
    '      uniform token info:id = "UsdPreviewSurface"',
    ...(unlit ? ['      color3f inputs:diffuseColor = (0, 0, 0)'] : []),
    `      color3f inputs:${colour}.connect = </object/material/${source}>`,
    '      float inputs:metallic = 0',
    '      float inputs:roughness = 1',
    ...(unlit ? ['      float inputs:ior = 1'] : []),
    '      token outputs:surface',
    '    }',
    ...(texture
      ? [
          ...readerLines('places', 'float2', 'st'),
          '    def Shader "image"',
          '    {',
          '      uniform token info:id = "UsdUVTexture"',
          `      asset inputs:file = @${image}@`,
          '      token inputs:sourceColorSpace = "sRGB"',
          '      float2 inputs:st.connect = </object/material/places.outputs:result>',
          '      token inputs:wrapS = "clamp"',
          '      token inputs:wrapT = "clamp"',
          '      float3 outputs:rgb',
          '    }',
        ]
      : readerLines('colours', 'float3', 'displayColor')),
    '  }',
  ];
}

/** A shader that reads what the mesh has at its vertices. */
const readerLines = (name: string, type: 'float2' | 'float3', variable: string): string[] => [
  `    def Shader "${name}"`,
  '    {',
  `      uniform token info:id = "UsdPrimvarReader_${type}"`,
  `      string inputs:varname = "${variable}"`,
  `      ${type} outputs:result`,
  '    }',
];

const tuple = (values: readonly number[]) => `(${values.map(decimal).join(', ')})`;
const list = (values: Iterable<string | number>) => `[${[...values].join(', ')}]`;

/** Text as USD writes it: the same escapes as JSON's, as long as it has no control characters. */
const quoted = (text: string) => JSON.stringify(text.replace(/\p{Cc}/gu, ' '));
