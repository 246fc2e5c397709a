import { linear } from '../../image/srgb';
import { colourScale, within } from '../colour_scale';
import { Growing } from '../growing';
import { ObjectError } from '../object_mesh';
import { numberOf, textLines, words } from '../text_lines';

/** An OBJ's text taken apart. Numbers of vertices count from 0; -1 is none. */
export interface ObjText {
  /** [vertices, 3] */
  readonly positions: Growing<Float64Array>;
  /** [vertices, 3], linear RGB; undefined where no vertex has a colour. */
  readonly colours: Float32Array | undefined;
  /** [coordinates, 2], v upwards. */
  readonly uvs: Growing<Float64Array>;
  /** [corners, 2]: vertex, texture coordinate. */
  readonly corners: Growing<Int32Array>;
  /** [faces, 2]: number of corners, number of the material's name. */
  readonly faces: Growing<Int32Array>;
  readonly materials: readonly string[];
  /** What follows each `mtllib`. */
  readonly libraries: readonly string[];
}

/** Takes an OBJ apart (Wavefront 1995, and vertex colours as MeshLab and ZBrush write them). */
export function parseObj(bytes: Uint8Array, name: string): ObjText {
  const positions = new Growing(Float64Array);
  const uvs = new Growing(Float64Array);
  const corners = new Growing(Int32Array);
  const faces = new Growing(Int32Array);
  const colours = new VertexColours(name);
  const materials = new Map([['', 0]]);
  const libraries: string[] = [];
  let material = 0;
  let begun = '';
  for (const piece of textLines(bytes)) {
    if (/\\\s*$/.test(piece) && !piece.startsWith('#')) {
      begun += `${piece.replace(/\\\s*$/, '')} `;
      continue;
    }
    const line = begun + piece;
    begun = '';
    const parts = words(line);
    switch (keywordOf(parts[0])) {
      case 'v':
        for (let i = 1; i <= 3; i++) positions.push(numberOf(parts[i]));
        // x y z w is a point's weight; x y z r g b, and perhaps alpha, its colour.
        if (parts.length >= 7)
          colours.set(positions.length / 3 - 1, parts.slice(4, 7).map(numberOf));
        break;
      case 'vt':
        uvs.push(numberOf(parts[1]));
        uvs.push(parts[2] === undefined ? 0 : numberOf(parts[2]));
        break;
      case 'f':
      case 'fo': {
        const first = corners.length;
        for (let i = 1; i < parts.length; i++) {
          if (parts[i]!.startsWith('#')) break;
          const [vertex, uv] = parts[i]!.split('/');
          corners.push(place(vertex, positions.length / 3));
          corners.push(uv ? place(uv, uvs.length / 2) : -1);
        }
        faces.push((corners.length - first) / 2);
        faces.push(material);
        break;
      }
      case 'usemtl': {
        const called = line.trim().slice('usemtl'.length).trim();
        material = materials.get(called) ?? materials.size;
        materials.set(called, material);
        break;
      }
      case 'mtllib':
        libraries.push(line.trim().slice('mtllib'.length).trim());
        break;
      case '#MRGB':
        colours.addPolypaint(parts[1] ?? '');
        break;
    }
  }
  return {
    positions,
    colours: colours.all(positions.length / 3),
    uvs,
    corners,
    faces,
    materials: [...materials.keys()],
    libraries,
  };
}

/** Keywords are small letters, and some old programs write capitals. */
const keywordOf = (word: string | undefined): string | undefined =>
  word === '#MRGB' ? word : word?.toLowerCase();

/** What {@link place} gives for a number of nothing: less than {@link lowest} by as much as it is below 1. */
export const lowest = -2;

/** A number of a face's corner, from 0: files count from 1, or with a minus back from the last. */
function place(word: string | undefined, count: number): number {
  const value = Number(word);
  if (!Number.isInteger(value) || value === 0) return lowest;
  if (value > 0) return Math.min(value - 1, 0x7fffffff);
  return count + value >= 0 ? count + value : Math.max(lowest + value, -0x7fffffff);
}

/** Colours that some vertices have. */
class VertexColours {
  readonly #name: string;
  readonly #own = new Growing(Float32Array);
  readonly #vertices = new Growing(Int32Array);
  #painted = 0;
  readonly #paint = new Growing(Float32Array);
  #largest = 1;

  constructor(name: string) {
    this.#name = name;
  }

  set(vertex: number, colour: readonly number[]): void {
    this.#vertices.push(vertex);
    for (const value of colour) {
      if (!Number.isFinite(value)) {
        throw new ObjectError(
          `${this.#name} has a colour that is ${value}, at vertex ${vertex + 1}.`,
          'Repair the mesh and save it again.',
        );
      }
      this.#largest = Math.max(this.#largest, value);
      this.#own.push(value);
    }
  }

  /** ZBrush's comment: eight hexadecimal digits a vertex, mask and RGB. */
  addPolypaint(digits: string): void {
    for (let i = 0; i + 8 <= digits.length; i += 8) {
      const rgb = Number.parseInt(digits.slice(i + 2, i + 8), 16);
      if (Number.isNaN(rgb)) return;
      for (const shift of [16, 8, 0]) this.#paint.push(((rgb >> shift) & 255) / 255);
      this.#painted++;
    }
  }

  /** Linear RGB of all vertices, white where they have no colour. */
  all(count: number): Float32Array | undefined {
    if (this.#vertices.length === 0 && this.#painted === 0) return undefined;
    const colours = new Float32Array(3 * count).fill(1);
    const set = (vertex: number, from: Growing<Float32Array>, i: number, scale: number) => {
      for (let c = 0; c < 3; c++) {
        colours[3 * vertex + c] = linear(within(from.at(3 * i + c) / scale));
      }
    };
    for (let i = 0; i < Math.min(this.#painted, count); i++) set(i, this.#paint, i, 1);
    const scale = colourScale(this.#largest);
    for (let i = 0; i < this.#vertices.length; i++) set(this.#vertices.at(i), this.#own, i, scale);
    return colours;
  }
}
