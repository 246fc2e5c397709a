import { zip } from '../../zip';
import type { Mesh } from '../surface/extract';
import { checkMesh, completed, type ExportOptions, type MeshFile } from './options';
import { printPositions } from './print';
import { decimal, encoded, rows } from './text';

const modelPath = '3D/3dmodel.model';
const declaration = '<?xml version="1.0" encoding="UTF-8"?>';

const contentTypes = [
  declaration,
  '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">',
  '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>',
  '<Default Extension="model" ContentType="application/vnd.ms-package.3dmanufacturing-3dmodel+xml"/>',
  '</Types>',
];

const relationships = [
  declaration,
  '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">',
  `<Relationship Target="/${modelPath}" Id="model" ` +
    'Type="http://schemas.microsoft.com/3dmanufacturing/2013/01/3dmodel"/>',
  '</Relationships>',
];

/**
 * A 3MF file (3D Manufacturing Format, core specification 1.3): millimetres, z up, a colour in display sRGB at
 * each corner of each triangle (materials and properties extension 1.2, colour groups).
 * @throws LimbeckError for a mesh that no file can hold: see `checkMesh`.
 */
export function export3mf(mesh: Mesh, options: ExportOptions = {}): MeshFile[] {
  checkMesh(mesh);
  const { file, name, millimetres } = completed(options);
  const model = modelXml(mesh, name, millimetres);
  const bytes = zip([
    { name: '[Content_Types].xml', bytes: encoded(contentTypes) },
    { name: '_rels/.rels', bytes: encoded(relationships) },
    { name: modelPath, bytes: encoded(model) },
  ]);
  return [{ name: `${file}.3mf`, bytes }];
}

function modelXml(mesh: Mesh, name: string, millimetres: number): string[] {
  const { colours, palette } = paletteOf(mesh.colours);
  const positions = printPositions(mesh.positions, millimetres);
  const vertices = rows(positions, 3, (place) => {
    const [x, y, z] = place.map(decimal);
    return `<vertex x="${x}" y="${y}" z="${z}"/>`;
  });
  const triangles = rows(mesh.indices, 3, ([a, b, c]) => {
    const [p1, p2, p3] = [a!, b!, c!].map((vertex) => colours[vertex]);
    return `<triangle v1="${a}" v2="${b}" v3="${c}" pid="1" p1="${p1}" p2="${p2}" p3="${p3}"/>`;
  });
  return [
    declaration,
    '<model unit="millimeter" xml:lang="en-US"',
    ' xmlns="http://schemas.microsoft.com/3dmanufacturing/core/2015/02"',
    ' xmlns:m="http://schemas.microsoft.com/3dmanufacturing/material/2015/02">',
    '<metadata name="Application">Limbeck</metadata>',
    '<resources>',
    '<m:colorgroup id="1">',
    ...palette.map((colour) => `<m:color color="${colour}"/>`),
    '</m:colorgroup>',
    `<object id="2" name="${escaped(name)}" type="model" pid="1" pindex="0">`,
    '<mesh>',
    '<vertices>',
    ...vertices,
    '</vertices>',
    '<triangles>',
    ...triangles,
    '</triangles>',
    '</mesh>',
    '</object>',
    '</resources>',
    '<build><item objectid="2"/></build>',
    '</model>',
  ];
}

/** The colours of a mesh in 8 bits, each once, and which of them each vertex has. */
function paletteOf(values: Float32Array) {
  const places = new Map<string, number>();
  const colours = rows(values, 3, (rgb) => {
    const bytes = rgb.map((value) => Math.round(255 * value));
    const hex =
      `#${bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('')}FF`.toUpperCase();
    const place = places.get(hex) ?? places.size;
    places.set(hex, place);
    return place;
  });
  return { colours, palette: [...places.keys()] };
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };

/** Text as an attribute's value; characters that XML has none for go. */
const escaped = (text: string) =>
  text.replace(/[^\P{Cc}\t]/gu, ' ').replace(/[&<"]/g, (character) => entities[character]!);
