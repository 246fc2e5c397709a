import { LimbeckError } from '../errors';
import type { FieldGenerator } from '../generator/field';
import type { Image } from '../image/image';
import { encodePng } from '../image/png';
import { viewsToImage } from '../image/strip';
import { encodeVideo } from '../image/video';
import type { TexturedMesh } from '../mesh/field_mesh';
import type { Report, RunId } from '../protocol/messages';
import type { Prepared, Wanted } from '../protocol/taking';
import { orbitCamera } from '../render/camera';
import type { EngineRun } from '../train/engine';
import { baseName } from '../train/saving';
import { type ShownMesh, solidOf } from '../viewer/mesh_view';
import type { OrbitState } from '../viewer/orbit';
import type { Viewports } from '../viewer/viewports';
import { archived } from '../zip';
import { fieldOf } from './field_view';

/** Frames of a turntable in a second, and how many are rendered at a time. */
const rate = 24;
const batch = 4;

interface TakeHomeParts {
  readonly viewports: Viewports;
  /** Vertical field of view of the panes, in degrees. */
  readonly fovy: number;
  readonly post: (report: Report, transfer?: Transferable[]) => void;
  /** The pane that shows a mesh as it would be saved. */
  readonly preview: RunId;
}

type Of<K extends Wanted['kind']> = Extract<Wanted, { kind: K }>;
type Made = Omit<Prepared, 'step'>;

/** Makes of a run what a person takes home, to be looked at before it is saved. */
export class TakeHome {
  readonly #parts: TakeHomeParts;

  constructor(parts: TakeHomeParts) {
    this.#parts = parts;
  }

  /** Makes it and reports it. @throws LimbeckError where there is nothing to take, or no way to write it. */
  async prepare(id: RunId, run: EngineRun, wanted: Wanted): Promise<void> {
    this.forget();
    const made = await this.#make(id, run, wanted);
    const files = made.files.map(({ name, bytes }) => ({ name, bytes }));
    this.#parts.post(
      { type: 'prepared', run: id, wanted, prepared: { ...made, files, step: run.step } },
      files.map(({ bytes }) => bytes.buffer),
    );
  }

  /** Nothing is shown of what was prepared. */
  forget(): void {
    this.#parts.viewports.showMesh(this.#parts.preview, undefined);
  }

  #make(id: RunId, run: EngineRun, wanted: Wanted): Promise<Made> {
    const field = fieldOf(run);
    if (!field) {
      throw new LimbeckError('Free pictures are no object.', 'Export them as a PNG.');
    }
    switch (wanted.kind) {
      case 'object':
        return this.#object(run, field, wanted);
      case 'picture':
        return this.#picture(id, run, field, wanted);
      case 'turntable':
        return this.#turntable(id, run, field, wanted);
    }
  }

  async #object(run: EngineRun, field: FieldGenerator, wanted: Of<'object'>): Promise<Made> {
    const { viewports, preview } = this.#parts;
    const settings = { ...run.settings.mesh, ...wanted.mesh };
    const name = baseName(run.settings);
    const fieldMesh = field.mesh.with(wanted.mesh);
    const { prompt } = run.settings;
    const extracted = await fieldMesh.extract();
    const { files, mesh, texture } = await fieldMesh.export(extracted, encodePng, {
      prompt,
      file: name,
    });
    const coloured = settings.format !== 'stl';
    const shown = await shownMesh({ mesh, ...(texture && { texture }) }, coloured, settings.unlit);
    viewports.showMesh(preview, () => solidOf(shown));
    const { format, texture: side } = settings;
    const surface = texture
      ? `texture of ${side} × ${side}`
      : coloured
        ? 'colours at the vertices'
        : 'no colours';
    const parts = files.length > 1 ? [files.map((file) => file.name).join(', ')] : [];
    return {
      files: archived(files, `${name}-${format}`),
      content: [
        `${(mesh.indices.length / 3).toLocaleString('en')} triangles`,
        `${(mesh.positions.length / 3).toLocaleString('en')} vertices`,
        surface,
        ...parts,
      ],
    };
  }

  async #picture(
    id: RunId,
    run: EngineRun,
    field: FieldGenerator,
    { size, shading }: Of<'picture'>,
  ): Promise<Made> {
    const cameras = [this.#camera(this.#parts.viewports.orbitOf(id))];
    const views = await field.still({ cameras, size, shading });
    const png = await encodePng(viewsToImage(views, { count: 1, size, background: null }));
    const bytes = new Uint8Array(png);
    const name = `${baseName(run.settings)}.png`;
    return { files: [{ name, bytes }], content: [`${size} × ${size} pixels, on nothing`] };
  }

  async #turntable(
    id: RunId,
    run: EngineRun,
    field: FieldGenerator,
    { container, size, seconds, shading, background }: Of<'turntable'>,
  ): Promise<Made> {
    const { viewports, post } = this.#parts;
    const orbit = viewports.orbitOf(id);
    const count = Math.round(rate * seconds);
    const camera = (frame: number) =>
      this.#camera({ ...orbit, azimuth: orbit.azimuth + (360 * frame) / count });
    async function* frames(): AsyncGenerator<Image> {
      for (let first = 0; first < count; first += batch) {
        const cameras = Array.from({ length: Math.min(batch, count - first) }, (_, i) =>
          camera(first + i),
        );
        const views = await field.still({ cameras, size, shading });
        for (let i = 0; i < cameras.length; i++) {
          const view = views.subarray(4 * i * size * size, 4 * (i + 1) * size * size);
          yield viewsToImage(view, { count: 1, size, background });
        }
        post({ type: 'preparing', run: id, share: (first + cameras.length) / count });
      }
    }
    const options = { container, width: size, height: size, rate };
    const { bytes, codec } = await encodeVideo(frames(), options);
    const name = `${baseName(run.settings)}.${container}`;
    const content = [`${count} frames, ${seconds} s`, `${size} × ${size} pixels`, codec];
    return { files: [{ name, bytes }], content };
  }

  #camera(orbit: OrbitState) {
    return orbitCamera({ ...orbit, fovy: this.#parts.fovy });
  }
}

/** A mesh as programs will show its file. */
async function shownMesh(
  {
    mesh,
    texture,
  }: { readonly mesh: TexturedMesh['mesh']; readonly texture?: TexturedMesh['texture'] },
  coloured: boolean,
  unlit: boolean,
): Promise<ShownMesh> {
  const { positions, normals, colours, indices } = mesh;
  if (!texture) {
    return { positions, normals, indices, colours: coloured ? colours : undefined, texture, unlit };
  }
  const { atlas, png } = texture;
  const image = await createImageBitmap(new Blob([new Uint8Array(png)], { type: 'image/png' }));
  const spread = (values: Float32Array) =>
    Float32Array.from(
      { length: 3 * atlas.vertices.length },
      (_, i) => values[3 * atlas.vertices[Math.floor(i / 3)]! + (i % 3)]!,
    );
  return {
    positions: spread(positions),
    normals: spread(normals),
    indices: atlas.indices,
    colours: undefined,
    texture: { uvs: atlas.uvs, image },
    unlit,
  };
}
