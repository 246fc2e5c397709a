import { findBeside } from '../files_beside';
import { checkTriangles, MeshBuilder } from '../mesh_builder';
import { ObjectError, type Paint, type TextureImage } from '../object_mesh';
import { triangulated } from '../polygon';
import type { Reader, Reading } from '../reading';
import { cutoffOf, type PictureFile, Textures, textureOf } from '../textures';
import { lowest, type ObjText, parseObj } from './parse_obj';
import { type Mtl, type MtlMap, plainMtl, readMtl } from './read_mtl';

/** Alpha below which what is blended is not there: a field fitted to colours knows no glass. */
const visible = 0.5;

/** A material as triangles show it. */
interface Look {
  /** Linear RGB that vertex colours are multiplied with. */
  readonly tint: readonly [number, number, number];
  readonly paint: Paint;
  readonly map?: MtlMap | undefined;
  readonly emissionMap?: MtlMap | undefined;
  readonly hidden: boolean;
}

/** Reads an OBJ with vertex colours, or with the materials and textures beside it. */
export const readObj: Reader = async (bytes, reading) => {
  const { name } = reading;
  const text = parseObj(bytes, name);
  const { faces } = text;
  let count = 0;
  for (let face = 0; face < faces.length; face += 2) count += Math.max(faces.at(face) - 2, 0);
  checkTriangles(count, name);
  const looks = await looksOf(text, reading);
  const builder = new MeshBuilder(name, Math.max(count, 1));
  const used = new Map<number, number>();
  let hidden = 0;
  for (let face = 0, first = 0; face < faces.length; face += 2) {
    const [sides, material] = [faces.at(face), faces.at(face + 1)];
    const look = looks[material]!;
    checkFace(text, first, sides, face / 2, name);
    if (look.hidden) hidden++;
    else if (sides >= 3) {
      const id =
        used.get(material) ??
        builder.paint(isPlain(look.paint) ? 'plain' : String(material), look.paint);
      used.set(material, id);
      addFace(builder, text, first, sides, look, id);
    }
    first += 2 * sides;
  }
  if (hidden > 0 && hidden === faces.length / 2) {
    throw new ObjectError(
      `${name} is transparent everywhere: its materials say 'd' below one half.`,
      "Write 'd 1' in its material library.",
    );
  }
  return { mesh: builder.mesh() };
};

const isPlain = ({ texture, emission }: Paint) => !texture && !emission;

/** @throws ObjectError naming a face whose numbers are none of the file's. */
function checkFace(
  { corners, positions, uvs }: ObjText,
  first: number,
  sides: number,
  face: number,
  name: string,
): void {
  for (let i = first; i < first + 2 * sides; i += 2) {
    const [vertex, uv] = [corners.at(i), corners.at(i + 1)];
    const refuse = (what: string, which: number, count: number) =>
      new ObjectError(
        `${name}: face ${face + 1} names ${what} ${which < 0 ? which - lowest : which + 1} of ${count}.`,
        'Repair the mesh and save it again.',
      );
    if (vertex < 0 || 3 * vertex >= positions.length) {
      throw refuse('vertex', vertex, positions.length / 3);
    }
    if (uv < -1 || 2 * uv >= uvs.length) throw refuse('texture coordinate', uv, uvs.length / 2);
  }
}

function addFace(
  builder: MeshBuilder,
  { positions, colours, uvs, corners }: ObjText,
  first: number,
  sides: number,
  { tint, map, emissionMap }: Look,
  paint: number,
): void {
  const points = new Float64Array(3 * sides);
  for (let i = 0; i < sides; i++) {
    const vertex = corners.at(first + 2 * i);
    for (let axis = 0; axis < 3; axis++) points[3 * i + axis] = positions.at(3 * vertex + axis);
  }
  const order = triangulated(points);
  for (let k = 0; k + 2 < order.length; k += 3) {
    const corner = builder.triangle(paint);
    for (let side = 0; side < 3; side++) {
      const i = order[k + side]!;
      const [vertex, uv] = [corners.at(first + 2 * i), corners.at(first + 2 * i + 1)];
      builder.position(corner + side, points[3 * i]!, points[3 * i + 1]!, points[3 * i + 2]!);
      const [red, green, blue] = [0, 1, 2].map((c) => tint[c]! * (colours?.[3 * vertex + c] ?? 1));
      builder.colour(corner + side, red!, green!, blue!);
      if (uv < 0) continue;
      const [u, v] = [uvs.at(2 * uv), uvs.at(2 * uv + 1)];
      // Row 0 of a picture is at v = 1.
      if (map) builder.uv(corner + side, ...placed(map, u, v));
      if (emissionMap) builder.emissionUv(corner + side, ...placed(emissionMap, u, v));
    }
  }
}

const placed = ({ scale, offset }: MtlMap, u: number, v: number): [number, number] => [
  scale[0] * u + offset[0],
  1 - (scale[1] * v + offset[1]),
];

/** What each material of the file's faces looks like. */
async function looksOf(text: ObjText, reading: Reading): Promise<Look[]> {
  const materials = await libraries(text, reading);
  const pictures = new Pictures(reading);
  const missing = text.materials.filter((name) => name !== '' && !materialOf(materials, name));
  if (missing.length > 0 && materials.size > 0) {
    reading.note(
      `${reading.name} names materials that its libraries do not have (${listed(missing)}): they are white.`,
    );
  }
  const looks: Look[] = [];
  for (const name of text.materials)
    looks.push(await pictures.look(materialOf(materials, name) ?? plainMtl));
  return looks;
}

const listed = (names: readonly string[]): string =>
  names.length > 3
    ? `${names.slice(0, 3).join(', ')} and ${names.length - 3} more`
    : names.join(', ');

/**
 * The materials of all libraries; a material that two of them have is the first one's. Where none is there, it is the
 * library of the object's own name: people rename files.
 */
async function libraries(
  text: ObjText,
  { name, beside, note }: Reading,
): Promise<Map<string, Mtl>> {
  const materials = new Map<string, Mtl>();
  const add = (bytes: Uint8Array) => {
    for (const [key, material] of readMtl(bytes))
      if (!materials.has(key)) materials.set(key, material);
  };
  const missing: string[] = [];
  for (const line of text.libraries) {
    // A name may have blanks, and a line several names.
    const whole = await findBeside(beside, line);
    if (whole) add(whole);
    else {
      for (const part of line.match(/"[^"]+"|'[^']+'|\S+/g) ?? []) {
        const bytes = await findBeside(beside, part);
        if (bytes) add(bytes);
        else missing.push(part);
      }
    }
  }
  const namesSome = text.materials.some((material) => material !== '');
  const own =
    materials.size === 0 && namesSome
      ? await findBeside(beside, name.replace(/(\.obj)?$/i, '.mtl'))
      : undefined;
  if (own) add(own);
  else {
    for (const part of missing)
      note(
        `${name} names its materials in ${part}, which is missing: shape and vertex colours are read.`,
      );
  }
  return materials;
}

/** A material by its name, which may be written in other letter case. */
function materialOf(materials: ReadonlyMap<string, Mtl>, name: string): Mtl | undefined {
  const exact = materials.get(name);
  if (exact || name === '') return exact;
  const same = [...materials.keys()].filter((key) => key.toLowerCase() === name.toLowerCase());
  return same.length === 1 ? materials.get(same[0]!) : undefined;
}

/** The pictures that materials name. */
class Pictures {
  readonly #reading: Reading;
  readonly #textures: Textures;
  readonly #files = new Map<string, PictureFile | undefined>();

  constructor(reading: Reading) {
    this.#reading = reading;
    this.#textures = new Textures(reading);
  }

  async look({ colour, alpha, map, mask, emission, emissionMap }: Mtl): Promise<Look> {
    const texture = await this.#texture(map, mask);
    const glow = await this.#texture(emissionMap, undefined);
    const glows = emission.some((value) => value > 0);
    // A black colour beside a map is how programs say that the map alone counts; viewers read it so.
    const isBlack = colour.every((value) => value === 0);
    const emits = glows || glow !== undefined;
    return {
      tint: texture && isBlack ? [1, 1, 1] : colour,
      paint: {
        texture,
        cutoff: texture ? cutoffOf(texture.levels) : 0,
        emission: emits ? { colour: glows ? emission : [1, 1, 1], texture: glow } : undefined,
      },
      map: texture && map,
      emissionMap: glow && emissionMap,
      hidden: alpha < visible,
    };
  }

  async #texture(
    map: MtlMap | undefined,
    mask: MtlMap | undefined,
  ): Promise<TextureImage | undefined> {
    const file = await this.#file(map);
    if (!map || !file) return undefined;
    // Where both are one file, the holes are its own alpha.
    const holes = mask && mask.file !== map.file ? await this.#file(mask) : undefined;
    return textureOf(await this.#textures.levels(file, holes), map.clamp ? 'clamp' : 'repeat');
  }

  async #file(map: MtlMap | undefined): Promise<PictureFile | undefined> {
    if (!map) return undefined;
    const { file: name } = map;
    if (this.#files.has(name)) return this.#files.get(name);
    const bytes = await findBeside(this.#reading.beside, name);
    if (!bytes)
      this.#reading.note(
        `${this.#reading.name} names the picture ${name}, which is missing: its material's colour is taken.`,
      );
    const file = bytes && { name, bytes };
    this.#files.set(name, file);
    return file;
  }
}
