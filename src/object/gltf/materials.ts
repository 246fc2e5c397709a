import { within } from '../colour_scale';
import { ObjectError, type TextureImage, type Wrap } from '../object_mesh';
import type { Reading } from '../reading';
import { type Levels, Textures, textureOf } from '../textures';
import { type Buffers, isRemote } from './buffers';
import type { Gltf, GltfMaterial, GltfTextureInfo } from './document';

/** A texture as a material shows it. */
export interface TextureUse {
  readonly texture: TextureImage;
  /** The set of coordinates that it is read at. */
  readonly channel: number;
  /** Row-major 2 x 3: moves coordinates (KHR_texture_transform). */
  readonly transform: readonly [number, number, number, number, number, number];
}

/** What is shown of a material, in linear light. */
export interface Look {
  readonly colour: readonly [number, number, number];
  readonly alpha: number;
  readonly base?: TextureUse | undefined;
  readonly emission?:
    | { readonly colour: readonly [number, number, number]; readonly use?: TextureUse | undefined }
    | undefined;
  /** Alpha below which it is not there; 0 where alpha counts for nothing. */
  readonly cutoff: number;
}

/** The look of triangles without a material. */
export const plainLook: Look = { colour: [1, 1, 1], alpha: 1, cutoff: 0 };

/** Alpha below which what is blended is not there: a field fitted to colours knows no glass. */
const visible = 0.5;

/** glTF's numbers for wrapping; it repeats by default. */
const wraps: Readonly<Record<number, Wrap>> = { 33071: 'clamp', 33648: 'mirror' };

/** The looks of a file's materials; pictures are opened where a look shows them, and nowhere else. */
export class Materials {
  readonly #gltf: Gltf;
  readonly #buffers: Buffers;
  readonly #reading: Reading;
  readonly #textures: Textures;
  readonly #levels = new Map<number, Promise<Levels | undefined>>();

  constructor(gltf: Gltf, buffers: Buffers, reading: Reading) {
    this.#gltf = gltf;
    this.#buffers = buffers;
    this.#reading = reading;
    this.#textures = new Textures(reading);
  }

  /** @throws ObjectError for a picture that is damaged or of a format that is not read. */
  async look(material: GltfMaterial): Promise<Look> {
    const { pbrMetallicRoughness: pbr, extensions, emissiveFactor, emissiveTexture } = material;
    const glossy = extensions?.KHR_materials_pbrSpecularGlossiness;
    const [red = 1, green = 1, blue = 1, alpha = 1] =
      (glossy ? glossy.diffuseFactor : pbr?.baseColorFactor) ?? [];
    const base = glossy ? glossy.diffuseTexture : pbr?.baseColorTexture;
    const [glowRed = 0, glowGreen = 0, glowBlue = 0] = emissiveFactor ?? [];
    const glows = glowRed > 0 || glowGreen > 0 || glowBlue > 0;
    const cutoffs = { OPAQUE: 0, MASK: material.alphaCutoff, BLEND: visible };
    return {
      colour: [within(red), within(green), within(blue)],
      alpha,
      base: base && (await this.#use(base)),
      emission: glows
        ? {
            colour: [glowRed, glowGreen, glowBlue],
            use: emissiveTexture && (await this.#use(emissiveTexture)),
          }
        : undefined,
      cutoff: cutoffs[material.alphaMode],
    };
  }

  async #use({ index, texCoord, extensions }: GltfTextureInfo): Promise<TextureUse | undefined> {
    const known = this.#levels.get(index) ?? this.#open(index);
    this.#levels.set(index, known);
    const levels = await known;
    if (!levels) return undefined;
    const sampler = this.#gltf.samplers[this.#gltf.textures[index]!.sampler ?? -1];
    const {
      offset = [0, 0],
      rotation = 0,
      scale = [1, 1],
      texCoord: other,
    } = extensions?.KHR_texture_transform ?? {};
    const [cos, sin] = [Math.cos(rotation), Math.sin(rotation)];
    return {
      texture: textureOf(
        levels,
        wraps[sampler?.wrapS ?? 0] ?? 'repeat',
        wraps[sampler?.wrapT ?? 0] ?? 'repeat',
      ),
      channel: other ?? texCoord,
      // Scaled, then turned clockwise on the picture, then moved, as three and the glTF sample viewer do.
      transform: [
        cos * scale[0]!,
        sin * scale[1]!,
        offset[0]!,
        -sin * scale[0]!,
        cos * scale[1]!,
        offset[1]!,
      ],
    };
  }

  /** A texture's picture: the first of its sources that can be read. Undefined where its file is missing. */
  async #open(index: number): Promise<Levels | undefined> {
    const { source, extensions = {} } = this.#gltf.textures[index]!;
    const {
      EXT_texture_avif: avif,
      EXT_texture_webp: webp,
      KHR_texture_basisu: basis,
      MSFT_texture_dds: dds,
    } = extensions;
    const sources = [avif?.source, webp?.source, source, basis?.source, dds?.source];
    let failure: unknown;
    for (const image of sources) {
      if (image === undefined) continue;
      const bytes = await this.#bytes(image);
      if (!bytes) continue;
      try {
        return await this.#textures.levels({ name: this.#nameOf(image), bytes });
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure) throw failure;
    return undefined;
  }

  #nameOf(image: number): string {
    const uri = this.#gltf.images[image]!.uri;
    return uri && !uri.startsWith('data:') ? uri : `image ${image}`;
  }

  async #bytes(image: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const { uri, bufferView } = this.#gltf.images[image]!;
    const { name, note } = this.#reading;
    if (bufferView !== undefined) return new Uint8Array(await this.#buffers.view(bufferView));
    if (uri === undefined) return undefined;
    const instead = "its material's colour is taken.";
    if (isRemote(uri)) {
      note(`${name} names a picture at ${uri}; nothing is fetched from the network: ${instead}`);
      return undefined;
    }
    const bytes = await this.#buffers.file(uri);
    if (bytes) return bytes;
    if (uri.startsWith('data:')) {
      throw new ObjectError(`${name} has a picture in a damaged data URI.`, 'Save it anew.');
    }
    note(`${name} names the picture ${uri}, which is missing: ${instead}`);
    return undefined;
  }
}
