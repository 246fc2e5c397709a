import { linear } from '../../image/srgb';
import { colourScale, within } from '../colour_scale';
import { findBeside } from '../files_beside';
import { Growing } from '../growing';
import { checkTriangles, MeshBuilder } from '../mesh_builder';
import { ObjectError, type Paint } from '../object_mesh';
import { triangulated } from '../polygon';
import type { Reader, Reading } from '../reading';
import { cutoffOf, Textures, textureOf } from '../textures';
import { bytesOf, type Element, type NumberType, type PlyHeader, readHeader } from './header';
import { type Numbers, numbersOf } from './numbers';

/** A column of numbers and how they were written. */
interface Column {
  readonly type: NumberType;
  readonly values: Float64Array;
}

type Columns = ReadonlyMap<string, Column>;

/** Lists of numbers, one after another, and where each begins; the last entry is the end. */
interface Lists {
  readonly values: Growing<Float64Array>;
  readonly starts: Growing<Int32Array>;
}

/** Names that one thing has in files of different programs. */
const aliases = {
  red: ['red', 'r', 'diffuse_red'],
  green: ['green', 'g', 'diffuse_green'],
  blue: ['blue', 'b', 'diffuse_blue'],
  u: ['s', 'u', 'texture_u'],
  v: ['t', 'v', 'texture_v'],
  corners: ['vertex_indices', 'vertex_index'],
} as const;

const find = <T>(named: ReadonlyMap<string, T>, name: keyof typeof aliases): T | undefined =>
  aliases[name].map((alias) => named.get(alias)).find((value) => value !== undefined);

/** Reads a PLY, text or binary in either order of bytes, with the colours of its vertices or faces, or a texture. */
export const readPly: Reader = async (bytes, reading) => {
  const { name } = reading;
  const header = readHeader(bytes, name);
  const tables = readTables(bytes, header, name);
  const vertices = tables.get('vertex')?.columns ?? new Map();
  const builder = await build(vertices, facesOf(tables), reading, header);
  const blender = header.comments.some((comment) => comment.includes('Blender'));
  return { mesh: builder.mesh(), zUp: blender ? 'as Blender writes it' : undefined };
};

/** The comment of assimp, which up to version 5 writes binary colours as floats and calls them bytes. */
const byAssimp = 'Open Asset Import Library';

function readTables(bytes: Uint8Array, header: PlyHeader, name: string): Map<string, Table> {
  const isByAssimp = header.comments.some((comment) => comment.includes(byAssimp));
  if (!isByAssimp || header.encoding === 'ascii') return tablesOf(bytes, header, name).tables;
  const elements = header.elements.map((element) => ({
    ...element,
    properties: element.properties.map((property) =>
      property.type === 'u8' && !property.lengthType
        ? { ...property, type: 'f32' as const }
        : property,
    ),
  }));
  try {
    const { tables, left } = tablesOf(bytes, { ...header, elements }, name);
    if (left === 0 && namesItsVertices(tables)) return tables;
  } catch (error) {
    if (!(error instanceof ObjectError)) throw error;
  }
  return tablesOf(bytes, header, name).tables;
}

/** Whether faces name no vertices but the file's: bytes that are read as what they are not do otherwise. */
function namesItsVertices(tables: ReadonlyMap<string, Table>): boolean {
  const count = tables.get('vertex')?.columns.get('x')?.values.length ?? 0;
  const faces = tables.get('face');
  const corners = faces && find(faces.lists, 'corners');
  for (let i = 0; corners && i < corners.values.length; i++) {
    if (!(corners.values.at(i) >= 0 && corners.values.at(i) < count)) return false;
  }
  return true;
}

function tablesOf(bytes: Uint8Array, header: PlyHeader, name: string) {
  const numbers = numbersOf(bytes, header, name);
  const tables = new Map<string, Table>();
  for (const element of header.elements) tables.set(element.name, readTable(element, numbers));
  return { tables, left: numbers.left() };
}

interface Table {
  readonly columns: Columns;
  readonly lists: ReadonlyMap<string, Lists>;
}

/** Columns that are kept: the rest is read past. */
const kept = new Set<string>(['x', 'y', 'z', ...Object.values(aliases).flat()]);
const keptLists = new Set<string>([...aliases.corners, 'texcoord']);

function readTable({ count, properties }: Element, numbers: Numbers): Table {
  const least = properties.reduce(
    (sum, { type, lengthType }) => sum + bytesOf[lengthType ?? type],
    0,
  );
  numbers.expect(count, properties.length, least);
  const columns = new Map<string, Column>();
  const lists = new Map<string, Lists>();
  for (const { name, type, lengthType } of properties) {
    if (lengthType && keptLists.has(name)) {
      lists.set(name, { values: new Growing(Float64Array), starts: new Growing(Int32Array) });
    } else if (!lengthType && kept.has(name)) {
      columns.set(name, { type, values: new Float64Array(count) });
    }
  }
  const steps = properties.map(({ name, type, lengthType }) => ({
    type,
    lengthType,
    values: columns.get(name)?.values,
    list: lists.get(name),
  }));
  // Rows without properties are no rows.
  for (let row = 0; row < count && steps.length > 0; row++) {
    for (const { type, lengthType, values, list } of steps) {
      if (!lengthType) {
        const value = numbers.next(type);
        if (values) values[row] = value;
        continue;
      }
      const length = numbers.next(lengthType);
      if (!(length >= 0)) throw numbers.damaged(`it has a list of ${length} numbers`);
      numbers.expect(length, 1, bytesOf[type]);
      list?.starts.push(list.values.length);
      for (let i = 0; i < length; i++) {
        const value = numbers.next(type);
        list?.values.push(value);
      }
    }
  }
  for (const { starts, values } of lists.values()) starts.push(values.length);
  return { columns, lists };
}

/** Faces, each with its number in the file, its corners' vertices and, of a texture, their coordinates. */
interface Face {
  readonly number: number;
  readonly corners: readonly number[];
  readonly uvs: readonly number[];
}

interface Faces {
  readonly each: Iterable<Face>;
  readonly columns: Columns;
  readonly triangles: number;
}

function facesOf(tables: ReadonlyMap<string, Table>): Faces | undefined {
  const faces = tables.get('face');
  const strips = tables.get('tristrips');
  const corners = faces && find(faces.lists, 'corners');
  if (corners) {
    const uvs = faces.lists.get('texcoord');
    let triangles = 0;
    const count = corners.starts.length - 1;
    for (let i = 0; i < count; i++) {
      triangles += Math.max(corners.starts.at(i + 1) - corners.starts.at(i) - 2, 0);
    }
    return { each: polygons(corners, uvs), columns: faces.columns, triangles };
  }
  const strip = strips && find(strips.lists, 'corners');
  if (!strip) return undefined;
  return { each: stripped(strip), columns: new Map(), triangles: strip.values.length };
}

const listAt = ({ values, starts }: Lists, i: number): number[] => {
  const list: number[] = [];
  for (let k = starts.at(i); k < starts.at(i + 1); k++) list.push(values.at(k));
  return list;
};

function* polygons(corners: Lists, uvs: Lists | undefined): Generator<Face> {
  for (let i = 0; i < corners.starts.length - 1; i++) {
    yield { number: i, corners: listAt(corners, i), uvs: uvs ? listAt(uvs, i) : [] };
  }
}

/** Triangle strips, which -1 ends and begins. */
function* stripped(strips: Lists): Generator<Face> {
  let run: number[] = [];
  let number = 0;
  for (let i = 0; i < strips.values.length; i++) {
    const vertex = strips.values.at(i);
    run = vertex === -1 ? [] : [...run.slice(-2), vertex];
    if (run.length === 3) yield { number: number++, corners: run, uvs: [] };
  }
}

async function build(
  vertices: Columns,
  faces: Faces | undefined,
  reading: Reading,
  header: PlyHeader,
): Promise<MeshBuilder> {
  const { name } = reading;
  const [x, y, z] = ['x', 'y', 'z'].map((axis) => vertices.get(axis)?.values);
  if (!faces || !x || !y || !z) return new MeshBuilder(name, 1);
  checkTriangles(faces.triangles, name);
  const builder = new MeshBuilder(name, Math.max(faces.triangles, 1));
  const paint = builder.paint('all', await paintOf(reading, header));
  const ofVertices = coloursOf(vertices, name);
  const ofFaces = ofVertices ? undefined : coloursOf(faces.columns, name);
  const [us, vs] = [find(vertices, 'u')?.values, find(vertices, 'v')?.values];
  for (const { number, corners, uvs } of faces.each) {
    const points = new Float64Array(3 * corners.length);
    corners.forEach((vertex, i) => {
      if (!Number.isInteger(vertex) || vertex < 0 || vertex >= x.length) {
        throw new ObjectError(
          `${name}: face ${number + 1} names vertex ${vertex} of ${x.length}.`,
          'Repair the mesh and save it again.',
        );
      }
      points.set([x[vertex]!, y[vertex]!, z[vertex]!], 3 * i);
    });
    if (corners.length < 3) continue;
    const order = triangulated(points);
    for (let k = 0; k + 2 < order.length; k += 3) {
      const first = builder.triangle(paint);
      for (let side = 0; side < 3; side++) {
        const [i, corner] = [order[k + side]!, first + side];
        const vertex = corners[i]!;
        builder.position(corner, points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!);
        const [colours, at] = ofVertices ? [ofVertices, 3 * vertex] : [ofFaces, 3 * number];
        if (colours) builder.colour(corner, colours[at]!, colours[at + 1]!, colours[at + 2]!);
        else builder.colour(corner, 1, 1, 1);
        if (uvs.length >= 2 * corners.length) builder.uv(corner, uvs[2 * i]!, 1 - uvs[2 * i + 1]!);
        else if (us && vs) builder.uv(corner, us[vertex]!, 1 - vs[vertex]!);
      }
    }
  }
  return builder;
}

/** Linear RGB of rows; undefined where they have none. @throws ObjectError for a colour that is not finite. */
function coloursOf(columns: Columns, name: string): Float32Array | undefined {
  const channels = (['red', 'green', 'blue'] as const).map((key) => find(columns, key));
  if (channels.some((channel) => !channel)) return undefined;
  const [red] = channels as [Column, Column, Column];
  const colours = new Float32Array(3 * red.values.length);
  const largest = channels.reduce(
    (most, channel) => channel!.values.reduce((a, b) => Math.max(a, b), most),
    0,
  );
  channels.forEach((channel, c) => {
    const { type, values } = channel!;
    let scale = type === 'u8' || type === 'i8' ? 255 : type === 'u16' || type === 'i16' ? 65535 : 1;
    if (scale === 1) scale = colourScale(largest);
    values.forEach((value, i) => {
      if (!Number.isFinite(value)) {
        throw new ObjectError(
          `${name} has a colour that is ${value}, at number ${i}.`,
          'Repair the mesh and save it again.',
        );
      }
      colours[3 * i + c] = linear(within(value / scale));
    });
  });
  return colours;
}

/** The picture that a comment names, as MeshLab writes it. */
async function paintOf(reading: Reading, { comments }: PlyHeader): Promise<Paint> {
  const name = comments.map((comment) => /^TextureFile\s+(.+)$/i.exec(comment)?.[1]).find(Boolean);
  if (!name) return { cutoff: 0 };
  const bytes = await findBeside(reading.beside, name);
  if (!bytes) {
    reading.note(
      `${reading.name} names the picture ${name}, which is missing: its vertices' colours are taken.`,
    );
    return { cutoff: 0 };
  }
  const levels = await new Textures(reading).levels({ name, bytes });
  return { texture: textureOf(levels), cutoff: cutoffOf(levels) };
}
