import { ObjectError, type ObjectMesh, type Paint } from './object_mesh';

/** More triangles than this are refused: drawing the views would take longer than fitting them. */
const mostTriangles = 4_000_000;

/** Paints that `paintOf` can name. */
const mostPaints = 0x10000;

/** @throws ObjectError for more triangles than are fitted. */
export function checkTriangles(count: number, name: string): void {
  if (count <= mostTriangles) return;
  throw new ObjectError(
    `${name} has ${count.toLocaleString('en')} triangles; at most ${mostTriangles.toLocaleString('en')} are fitted.`,
    'Simplify it first: a view of a few hundred pixels shows no more.',
  );
}

/** Collects triangles, each corner a vertex of its own. */
export class MeshBuilder {
  readonly #name: string;
  readonly #paints: Paint[] = [];
  readonly #paintIds = new Map<string, number>();
  #triangles = 0;
  #positions: Float64Array;
  #colours: Float32Array;
  #uvs: Float32Array;
  #emissionUvs: Float32Array | undefined;
  #paintOf: Uint16Array;

  /** @param triangles that are expected; there may be others. */
  constructor(name: string, triangles = 1024) {
    this.#name = name;
    this.#positions = new Float64Array(9 * triangles);
    this.#colours = new Float32Array(9 * triangles);
    this.#uvs = new Float32Array(6 * triangles);
    this.#paintOf = new Uint16Array(triangles);
  }

  /**
   * The number of a paint.
   * @param key the same for paints that are alike: they are counted once.
   * @throws ObjectError for more than 65,536 paints.
   */
  paint(key: string, paint: Paint): number {
    const known = this.#paintIds.get(key);
    if (known !== undefined) return known;
    if (this.#paints.length === mostPaints) {
      throw new ObjectError(
        `${this.#name} has more than 65,536 textured materials.`,
        'Merge some of them.',
      );
    }
    this.#paintIds.set(key, this.#paints.length);
    return this.#paints.push(paint) - 1;
  }

  /** Begins a triangle. @returns the number of its first corner. */
  triangle(paint: number): number {
    if (this.#triangles === this.#paintOf.length) this.#grow();
    this.#paintOf[this.#triangles] = paint;
    return 3 * this.#triangles++;
  }

  position(corner: number, x: number, y: number, z: number): void {
    this.#positions[3 * corner] = x;
    this.#positions[3 * corner + 1] = y;
    this.#positions[3 * corner + 2] = z;
  }

  /** In linear light. */
  colour(corner: number, red: number, green: number, blue: number): void {
    this.#colours[3 * corner] = red;
    this.#colours[3 * corner + 1] = green;
    this.#colours[3 * corner + 2] = blue;
  }

  /** Row 0 of an image is at v = 0. */
  uv(corner: number, u: number, v: number): void {
    this.#uvs[2 * corner] = u;
    this.#uvs[2 * corner + 1] = v;
  }

  emissionUv(corner: number, u: number, v: number): void {
    this.#emissionUvs ??= new Float32Array(this.#uvs.length);
    this.#emissionUvs[2 * corner] = u;
    this.#emissionUvs[2 * corner + 1] = v;
  }

  #grow(): void {
    const triangles = 2 * this.#triangles;
    checkTriangles(this.#triangles, this.#name);
    const larger = <T extends Float32Array | Float64Array | Uint16Array>(made: T, old: T): T => {
      made.set(old);
      return made;
    };
    this.#positions = larger(new Float64Array(9 * triangles), this.#positions);
    this.#colours = larger(new Float32Array(9 * triangles), this.#colours);
    this.#uvs = larger(new Float32Array(6 * triangles), this.#uvs);
    if (this.#emissionUvs) {
      this.#emissionUvs = larger(new Float32Array(6 * triangles), this.#emissionUvs);
    }
    this.#paintOf = larger(new Uint16Array(triangles), this.#paintOf);
  }

  /** @throws ObjectError for no triangles or too many. */
  mesh(): ObjectMesh {
    const count = this.#triangles;
    if (count === 0) {
      throw new ObjectError(
        `${this.#name} has no triangles: points and lines cannot be fitted.`,
        'Save the object as a triangle mesh.',
      );
    }
    checkTriangles(count, this.#name);
    return {
      positions: this.#positions.subarray(0, 9 * count),
      colours: this.#colours.subarray(0, 9 * count),
      uvs: this.#uvs.subarray(0, 6 * count),
      emissionUvs: this.#emissionUvs?.subarray(0, 6 * count),
      indices: Uint32Array.from({ length: 3 * count }, (_, i) => i),
      paintOf: this.#paintOf.subarray(0, count),
      paints: this.#paints,
    };
  }
}
