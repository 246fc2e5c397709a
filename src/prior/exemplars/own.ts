import { LimbeckError } from '../../errors';
import { isAnimated, startsWith } from '../../image/animated';
import type { Image } from '../../image/image';
import { decodePicture } from '../../image/picture';
import type { PlatformDecoder } from '../../image/platform';
import { viewsToImage } from '../../image/strip';
import { type FilesBeside, noFilesBeside } from '../../object/files_beside';
import { readObject } from '../../object/read_object';
import { objectViews } from '../../object/views';
import { orbitCamera } from '../../render/camera';
import type { ExemplarManifest, Manifest } from '../manifest';
import type { Background } from './background';
import { pictureView } from './picture';

/** Of a picture: a larger one is halved until it has no more. */
const mostPixels = 2 ** 20;

/** A file that a person shows. */
export interface ExemplarFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The files that an object names: its materials, its pictures. */
  readonly beside?: FilesBeside;
  /** Leaves a picture's background where it is. */
  readonly keepBackground?: boolean;
}

/** Views of an object from the exemplar cameras, as far as they are known. */
export interface ExemplarViews {
  /** f32 [V, 4, H, W] in [0, 1], premultiplied; zero where a view is not known. */
  readonly views: Float32Array;
  /** 1 for each view that is known, else 0 [V]. */
  readonly shown: Float32Array;
}

/** What was made of a person's file. */
export interface OwnExemplar extends ExemplarViews {
  readonly name: string;
  /** What was done to it, in sentences. */
  readonly notes: readonly string[];
}

/**
 * Reads an object, all of whose views are then known, or a picture, which is taken for its front.
 * @throws LimbeckError for a file that is neither, or that shows nothing.
 */
export async function readExemplar(
  file: ExemplarFile,
  manifest: Manifest,
  exemplar: ExemplarManifest,
  platform?: PlatformDecoder,
): Promise<OwnExemplar> {
  const { views: count, resolution: size, camera } = manifest;
  const { name, bytes, beside = noFilesBeside, keepBackground } = file;
  if (bytes.length === 0) throw new LimbeckError(`${name} is empty.`, 'Give another file.');
  if (!isPicture(bytes)) {
    const { mesh, notes } = await readObject(bytes, name, beside, { platform });
    const cameras = camera.azimuth_offsets.map((offset) =>
      orbitCamera({ ...camera, azimuth: exemplar.azimuth + offset, elevation: exemplar.elevation }),
    );
    const views = objectViews(mesh, cameras, size, exemplar.light);
    return { name, views, shown: new Float32Array(count).fill(1), notes };
  }
  if (isAnimated(bytes)) {
    throw new LimbeckError(`${name} is animated.`, 'Save one of its pictures by itself.');
  }
  const picture = await decodePicture(bytes, { platform, name, most: mostPixels }).catch(
    (error: Error) => {
      throw new LimbeckError(
        `${name} cannot be decoded: ${error.message.replace(/\.$/, '')}.`,
        'Save the picture anew, as PNG, JPEG or WebP.',
      );
    },
  );
  const { view, background } = pictureView(picture, name, size, keepBackground);
  const views = new Float32Array(count * view.length);
  views.set(view);
  const shown = Float32Array.from({ length: count }, (_, i) => (i === 0 ? 1 : 0));
  return { name, views, shown, notes: notesOn(name, background, keepBackground === true) };
}

/** The views that are known, side by side, on nothing. */
export function shownImage({ views, shown }: ExemplarViews, size: number): Image {
  const count = shown.filter((share) => share > 0).length;
  const known = views.subarray(0, count * 4 * size ** 2);
  return viewsToImage(known, { count, size, background: null });
}

function notesOn(name: string, background: Background, keep: boolean): string[] {
  switch (background.kind) {
    case 'transparent':
      return [];
    case 'removed':
      return [
        `The background of ${name}, ${background.colour}, was removed; --keep-background leaves it.`,
      ];
    case 'kept':
      if (keep) return [];
      return [
        `${name} has no background of one colour: all of it is shown. A picture on plain ground, or with transparency, is better.`,
      ];
  }
}

/** Whether the first bytes are those of a picture that browsers know. */
const isPicture = (bytes: Uint8Array): boolean =>
  startsWith(bytes, '\x89PNG') ||
  startsWith(bytes, '\xff\xd8') ||
  startsWith(bytes, 'WEBP', 8) ||
  startsWith(bytes, 'ftypavi', 4) ||
  startsWith(bytes, 'GIF8') ||
  startsWith(bytes, 'BM');
