import type { Field } from '../field/field';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import type { PngEncoder } from '../image/png';
import { exportMesh, type MeshFile } from '../mesh/export';
import { fieldCells } from '../mesh/solid/floaters';
import type { SolidOptions } from '../mesh/solid/solidity_grid';
import { extractMesh, type Mesh } from '../mesh/surface/extract';
import { simplifyMesh } from '../mesh/surface/simplify';
import { textureMesh, textureSize } from '../mesh/texture/texture';
import { mostUnwrapped } from '../mesh/texture/unwrap';
import type { Adam } from '../optim/adam';
import type { FakeScore } from '../prior/fake_score';
import type { Manifest } from '../prior/manifest';
import { type Camera, ringCameras } from '../render/camera';
import type { Renderer } from '../render/renderer';
import type { ShadingMode } from '../render/shading_mode';
import { renderStill } from '../render/still';
import { makeSettings, type PartialSettings, type Settings } from '../settings';
import { CheckpointError, readCheckpoint, type Tensors, writeCheckpoint } from './checkpoint';
import type { StepReport, Trainer } from './trainer';

export interface RunParts {
  readonly gpu: Gpu;
  readonly settings: Settings;
  readonly manifest: Manifest;
  readonly trainer: Trainer;
  readonly field: Field;
  readonly renderer: Renderer;
  readonly optimiser: Adam;
  readonly fake?: FakeScore;
}

/** Views around one object, without jitter. */
export interface Turntable {
  /** f32 [V, 4, height, width], premultiplied RGBA. */
  readonly views: Float32Array;
  readonly width: number;
  readonly height: number;
  readonly cameras: readonly Camera[];
}

/** Views that the mesh's silhouette is matched to. */
const silhouettes = { count: 4, size: 64 };

/** One object in the making: a trainer and everything that it moves, owned. */
export class Run {
  readonly settings: Settings;
  readonly field: Field;
  readonly renderer: Renderer;
  readonly #parts: RunParts;
  readonly #readback: Readback;

  constructor(parts: RunParts) {
    this.settings = parts.settings;
    this.field = parts.field;
    this.renderer = parts.renderer;
    this.#parts = parts;
    this.#readback = new Readback(parts.gpu);
  }

  /** Steps taken. */
  get step(): number {
    return this.#parts.trainer.step;
  }

  get finished(): boolean {
    return this.step >= this.settings.steps;
  }

  /**
   * After the last step floaters are hidden.
   * @throws NonFiniteGradientError when a gradient is not finite; the field keeps its last state.
   */
  async takeStep(): Promise<StepReport> {
    const report = await this.#parts.trainer.takeStep();
    if (this.finished) await this.#hideFloaters();
    return report;
  }

  /** Takes the cells out of the occupancy grid that are not of the object: what its mesh leaves out, no view shows. */
  async #hideFloaters(): Promise<void> {
    const { gpu, renderer } = this.#parts;
    const { occupancy } = renderer;
    const options = await this.#solidOptions();
    const cells = await fieldCells(gpu, this.field, options, occupancy.resolution);
    // Of its own: a step leaves no buffer behind, and neither does the last.
    const readback = new Readback(gpu);
    await occupancy.restrict(readback, cells);
    readback.dispose();
  }

  /** Everything that the next step depends on, as safetensors; the same state gives the same bytes. */
  async checkpoint(): Promise<Uint8Array> {
    const { field, optimiser, renderer, fake, manifest } = this.#parts;
    const tensors: Tensors = {
      ...prefixed('field', await field.snapshot(this.#readback)),
      ...prefixed('adam', await optimiser.snapshot(this.#readback)),
      ...prefixed('occupancy', await renderer.snapshot(this.#readback)),
      ...(fake ? prefixed('fake', await fake.snapshot()) : {}),
    };
    return writeCheckpoint(tensors, {
      format: 'limbeck',
      step: String(this.step),
      model: manifest.files.denoiser.sha256,
      settings: JSON.stringify(this.settings),
    });
  }

  /**
   * Goes on from a checkpoint of a run with the same settings.
   * @throws CheckpointError or RangeError naming what does not fit.
   */
  restore(bytes: Uint8Array): void {
    const { field, optimiser, renderer, fake, trainer, manifest } = this.#parts;
    const { tensors, metadata } = readCheckpoint(bytes);
    if (metadata.model !== manifest.files.denoiser.sha256) {
      throw new CheckpointError(
        'The checkpoint was made with another model: give that one with --model or choose it on the page, or start anew.',
      );
    }
    const of = (prefix: string) => without(prefix, tensors);
    field.restore(of('field'));
    optimiser.restore(of('adam'));
    renderer.restore(of('occupancy'));
    fake?.restore(of('fake') as never);
    trainer.resumeAt(Number(metadata.step));
  }

  /**
   * The field's surface with its colours, at the density whose silhouette matches the rendered alpha,
   * simplified if the settings say so.
   * @throws EmptyFieldError when there is none.
   */
  async mesh(): Promise<Mesh> {
    const { smooth, triangles } = this.settings.mesh;
    const options = { ...(await this.#solidOptions()), smooth };
    const whole = await extractMesh(this.#parts.gpu, this.field, options);
    return triangles > 0 ? simplifyMesh(whole, { triangles }) : whole;
  }

  /**
   * The mesh as files, in the format and with the colouring that the settings ask for.
   * @param file their name without its extension.
   * @throws EmptyFieldError when there is no mesh.
   */
  async exportFiles(encodePng: PngEncoder, file = 'mesh'): Promise<MeshFile[]> {
    const { prompt, mesh: settings } = this.settings;
    const size = textureSize(settings.format, settings.texture);
    const mesh = await this.mesh();
    if (size === 0) return exportMesh(mesh, settings.format, { file, prompt });
    const light =
      settings.triangles > 0 ? mesh : await simplifyMesh(mesh, { triangles: mostUnwrapped });
    const texture = await textureMesh(this.#parts.gpu, this.field, light, size, encodePng);
    return exportMesh(light, settings.format, { file, prompt, texture });
  }

  /** Renders `count` views of `size` pixels around the object, at the middle of the model's elevations. */
  async turntable(count: number, size: number, shading?: ShadingMode): Promise<Turntable> {
    const { gpu, manifest, renderer, settings } = this.#parts;
    const { fovy, distance, elevation } = manifest.camera;
    const middle = (elevation[0] + elevation[1]) / 2;
    const cameras = ringCameras(count, { elevation: middle, distance, fovy });
    const views = await renderStill(gpu, this.field, {
      cameras,
      size,
      samplesPerRay: 2 * settings.render.samplesPerRay,
      occupancy: renderer.occupancy,
      ...(shading && { shading }),
    });
    return { views, width: size, height: size, cameras };
  }

  /** What its mesh is the surface of. */
  async #solidOptions(): Promise<SolidOptions> {
    const { resolution, blur: pixels } = this.settings.mesh;
    const blur = (2 * pixels) / this.#parts.manifest.resolution;
    const iso = { silhouettes: await this.turntable(silhouettes.count, silhouettes.size) };
    return { resolution, blur, iso };
  }

  dispose(): void {
    const { trainer, fake, optimiser, renderer, field } = this.#parts;
    trainer.dispose();
    void fake?.dispose();
    optimiser.dispose();
    renderer.dispose();
    field.dispose();
    this.#readback.dispose();
  }
}

/** The settings that a checkpoint was made with. @throws CheckpointError when it is not one of ours. */
export function checkpointSettings(bytes: Uint8Array): Settings {
  const { metadata } = readCheckpoint(bytes);
  if (metadata.format !== 'limbeck' || !metadata.settings) {
    throw new CheckpointError(
      'The file is not a checkpoint of a run: it has no settings. Give a field.safetensors.',
    );
  }
  return makeSettings(JSON.parse(metadata.settings) as PartialSettings);
}

const prefixed = (prefix: string, tensors: object): Tensors =>
  Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [`${prefix}.${name}`, tensor]),
  );

const without = (prefix: string, tensors: Tensors) =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, tensor]) => [
        name.slice(prefix.length + 1),
        tensor as Float32Array<ArrayBuffer>,
      ]),
  );
