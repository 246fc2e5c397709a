import type { Gpu } from '../gpu/device';
import type { PngEncoder } from '../image/png';
import { archived } from '../zip';
import { exportMesh, type MeshFile, textureSize } from './export';
import type { MeshSettings } from './settings';
import type { SampledField } from './solid/field_sampler';
import { fieldCells } from './solid/floaters';
import type { Silhouettes } from './solid/iso';
import type { SolidityOptions } from './solid/solidity_grid';
import { extractMesh, extractShape, type IsoSurface, type Mesh } from './surface/extract';
import { simplifyMesh } from './surface/simplify';
import { type Texture, textureMesh } from './texture/texture';
import { mostUnwrapped } from './texture/unwrap';

export interface FieldMeshOptions {
  readonly gpu: Gpu;
  readonly field: SampledField;
  readonly settings: MeshSettings;
  /** Side in pixels of the views that the field learns from: `settings.blur` counts in their pixels. */
  readonly viewSize: number;
  /** Renders the views whose outline the mesh is to have. */
  readonly silhouettes: () => Promise<Silhouettes>;
}

/** A mesh and the image on it. */
export interface TexturedMesh {
  readonly mesh: Mesh;
  readonly texture: Texture;
}

/** What files of a mesh are called. */
export interface MeshNames {
  /** The files' name without its extension. Default 'mesh'. */
  readonly file?: string;
  /** What the object is. */
  readonly prompt: string;
}

/** A mesh as it leaves. */
export interface MeshExport {
  /** The first is the one to open. */
  readonly files: MeshFile[];
  /** What is in them. */
  readonly mesh: Mesh;
  readonly texture: Texture | undefined;
}

/** The mesh of a field that is still changing: each method looks at the field as it is when called. */
export class FieldMesh {
  readonly #options: FieldMeshOptions;

  constructor(options: FieldMeshOptions) {
    this.#options = options;
  }

  /** The mesh of the same field by other settings. */
  with(changes: Partial<MeshSettings>): FieldMesh {
    return new FieldMesh({
      ...this.#options,
      settings: { ...this.#options.settings, ...changes },
    });
  }

  /** The shape of the mesh before it is simplified. @throws EmptyFieldError when there is none. */
  async shape(): Promise<IsoSurface> {
    const { gpu, field, settings } = this.#options;
    return extractShape(gpu, field, { ...(await this.#solidity()), smooth: settings.smooth });
  }

  /**
   * The field's surface with its colours, at the density that the settings give, or whose outline is that of the
   * silhouettes, simplified if the settings say so.
   * @throws EmptyFieldError when there is none.
   */
  async extract(): Promise<Mesh> {
    const { gpu, field, settings } = this.#options;
    const { smooth, triangles } = settings;
    const whole = await extractMesh(gpu, field, { ...(await this.#solidity()), smooth });
    return triangles > 0 ? simplifyMesh(whole, { triangles }) : whole;
  }

  /**
   * The field's colours as a texture on its mesh. Where the settings leave the number of triangles open, the
   * mesh is simplified to what unwraps within seconds.
   * @param mesh that `extract` gave.
   * @param size side of the image in texels.
   */
  async texture(mesh: Mesh, size: number, encodePng: PngEncoder): Promise<TexturedMesh> {
    const { gpu, field, settings } = this.#options;
    const light =
      settings.triangles > 0 ? mesh : await simplifyMesh(mesh, { triangles: mostUnwrapped });
    return { mesh: light, texture: await textureMesh(gpu, field, light, size, encodePng) };
  }

  /**
   * The mesh as files, in the format and with the colouring that the settings ask for; the first is the one to open.
   * @throws EmptyFieldError when there is no mesh.
   */
  async files(encodePng: PngEncoder, names: MeshNames): Promise<MeshFile[]> {
    return (await this.export(await this.extract(), encodePng, names)).files;
  }

  /** A mesh that `extract` gave as files, as the settings ask for them, and what is in them. */
  async export(extracted: Mesh, encodePng: PngEncoder, names: MeshNames): Promise<MeshExport> {
    const { format, texture: asked, zip, unlit, compression, millimetres } = this.#options.settings;
    const side = textureSize(format, asked);
    const { mesh, texture } =
      side > 0
        ? await this.texture(extracted, side, encodePng)
        : { mesh: extracted, texture: undefined };
    const options = { ...names, unlit, compression, millimetres, ...(texture && { texture }) };
    const files = await exportMesh(mesh, format, options);
    return { files: zip ? archived(files, names.file) : files, mesh, texture };
  }

  /**
   * Where the object is that the mesh shows, without the floaters that the mesh leaves out.
   * @param cells along a side of [-1, 1]^3.
   * @returns u8 [cells, cells, cells], x fastest: 1 for cells of the object, and for all where the field is empty.
   */
  async cells(cells: number): Promise<Uint8Array> {
    const { gpu, field } = this.#options;
    return fieldCells(gpu, field, await this.#solidity(), cells);
  }

  async #solidity(): Promise<SolidityOptions> {
    const { settings, viewSize, silhouettes } = this.#options;
    const { resolution, blur, level } = settings;
    const iso = level > 0 ? level : { silhouettes: await silhouettes() };
    return { resolution, blur: (2 * blur) / viewSize, iso };
  }
}
