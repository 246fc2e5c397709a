import type { FieldEvaluator } from '../field/evaluator';
import { Field } from '../field/field';
import type { FieldOptions } from '../field/options';
import type { Gpu } from '../gpu/device';
import { Readback } from '../gpu/readback';
import { prefixed, type Snapshot, unprefixed } from '../gpu/snapshot';
import type { Work } from '../gpu/submission';
import type { PngEncoder } from '../image/png';
import { FieldMesh } from '../mesh/field_mesh';
import type { MeshSettings } from '../mesh/settings';
import { Adam, type AdamOptions, type AdamStats } from '../optim/adam';
import type { Camera } from '../render/camera';
import type { Occupancy } from '../render/occupancy';
import { occupancyOf, Renderer, type RendererOptions } from '../render/renderer';
import { renderStill } from '../render/still';
import type {
  Generator,
  GeneratorDraw,
  GeneratorSettings,
  OutputFile,
  OutputNames,
  Picture,
  PictureOptions,
  StillView,
} from './generator';

/** Sizes of the views that a step renders. */
export type ViewShape = Pick<RendererOptions, 'views' | 'width' | 'height'> & {
  /** The most rays that a pixel is the mean of. Default 1. */
  readonly raysPerPixel?: number;
};

export interface FieldGeneratorOptions extends ViewShape {
  readonly settings: Pick<GeneratorSettings, 'field' | 'render'> & {
    readonly seed: number;
    readonly mesh: MeshSettings;
  };
  /** So many cameras all around, for pictures and silhouettes. */
  readonly around: (count: number) => Camera[];
  /** The views whose outline a mesh of the field is to have. */
  readonly silhouettes: { readonly count: number } & Omit<StillView, 'cameras'>;
  /** Side in pixels of the views that the field learns from. */
  readonly viewSize: number;
  /** How the field's output becomes density. Default: the field's own. */
  readonly densityActivation?: FieldOptions['densityActivation'];
  readonly adam?: Partial<AdamOptions>;
  /** Most points at a time; see `RendererOptions`. */
  readonly tilePoints?: number;
}

export interface FieldDraw extends GeneratorDraw {
  /** Cells along a view's side through whose centres alone rays go; see `Frame`. */
  readonly lattice?: number;
}

/** A radiance field seen by a volume renderer and moved by Adam: the generator of 3D objects. */
export class FieldGenerator implements Generator {
  readonly field: Field;
  readonly occupancy: Occupancy;
  readonly optimiser: Adam;
  /** The field's mesh, as the settings ask for it. */
  readonly mesh: FieldMesh;
  readonly #gpu: Gpu;
  readonly #options: FieldGeneratorOptions;
  readonly #readback: Readback;
  #renderer: Renderer<FieldEvaluator>;

  /** @throws LimbeckError when a size exceeds what the adapter can bind or dispatch. */
  constructor(gpu: Gpu, options: FieldGeneratorOptions) {
    const { settings, densityActivation, adam } = options;
    this.#gpu = gpu;
    this.#options = options;
    this.#readback = new Readback(gpu);
    const activation = densityActivation && { densityActivation };
    this.field = new Field(gpu, { ...settings.field, ...activation }, settings.seed);
    this.occupancy = occupancyOf(gpu, this.field, settings.render);
    this.optimiser = new Adam(gpu, this.field.parameters, adam);
    this.mesh = new FieldMesh({
      gpu,
      field: this.field,
      settings: settings.mesh,
      viewSize: options.viewSize,
      silhouettes: async () => {
        const { count, ...view } = options.silhouettes;
        const cameras = options.around(count);
        const views = await this.still({ ...view, cameras });
        return { views, width: view.size, height: view.size, cameras };
      },
    });
    this.#renderer = this.#makeRenderer(options);
  }

  get renderer(): Renderer<FieldEvaluator> {
    return this.#renderer;
  }

  get views(): GPUBuffer {
    return this.#renderer.views;
  }

  get viewGradients(): GPUBuffer {
    return this.#renderer.viewGradients;
  }

  get depth(): GPUBuffer {
    return this.#renderer.depth;
  }

  /** Renders views of other sizes from the next step on, into other buffers. */
  resize(shape: ViewShape): void {
    this.#renderer.dispose();
    this.#renderer = this.#makeRenderer(shape);
  }

  /** Every `occupancyEvery` steps the occupancy grid is brought up to date first. */
  forward(work: Work, { step, seed, cameras, raysPerPixel, lattice, now }: FieldDraw): void {
    this.field.activeLevels = now.field.activeLevels * now.field.levels;
    this.occupancy.begin(seed, step);
    this.#renderer.begin({
      cameras,
      seed,
      step,
      raysPerPixel,
      ...(lattice !== undefined && { lattice }),
      regularisers: now.loss,
    });
    if (step % Math.round(now.render.occupancyEvery) === 0) this.occupancy.update(work.pass);
    this.#renderer.forward(work);
  }

  /** Also adds the gradients of the regularisers on opacity and distance. */
  backward(work: Work): void {
    this.#renderer.backward(work);
  }

  step(work: Work, { step, now }: GeneratorDraw): void {
    const { tableLearningRate: table, mlpLearningRate: mlp } = now.optim;
    this.optimiser.begin(step + 1, { table, mlp });
    this.optimiser.update(work.pass);
  }

  stats(): Promise<AdamStats> {
    return this.optimiser.readStats(this.#readback);
  }

  /**
   * Takes the cells out of the occupancy grid that are not of the object: what its mesh leaves out, no view
   * shows.
   */
  async finish(): Promise<void> {
    const cells = await this.mesh.cells(this.occupancy.resolution);
    // A readback of its own: the last step of a run leaves no staging buffer behind either.
    const readback = new Readback(this.#gpu);
    await this.occupancy.restrict(readback, cells);
    readback.dispose();
  }

  /**
   * The field from given cameras, without jitter.
   * @returns f32 [V, 4, size, size], premultiplied RGBA.
   */
  still({ samples = 2, ...view }: StillView): Promise<Float32Array> {
    return renderStill(this.#gpu, this.field, {
      ...view,
      samplesPerRay: samples * this.#options.settings.render.samplesPerRay,
      occupancy: this.occupancy,
    });
  }

  async picture({ count = 8, size = 128, shading }: PictureOptions = {}): Promise<Picture> {
    const cameras = this.#options.around(count);
    const views = await this.still({ cameras, size, ...(shading && { shading }) });
    return { views, count, size };
  }

  files(encodePng: PngEncoder, names: OutputNames): Promise<OutputFile[]> {
    return this.mesh.files(encodePng, names);
  }

  async snapshot(): Promise<Snapshot> {
    return {
      ...prefixed('field', await this.field.snapshot(this.#readback)),
      ...prefixed('adam', await this.optimiser.snapshot(this.#readback)),
      ...prefixed('occupancy', await this.occupancy.snapshot(this.#readback)),
    };
  }

  restore(snapshot: Snapshot): void {
    this.field.restore(unprefixed('field', snapshot));
    this.optimiser.restore(unprefixed('adam', snapshot));
    this.occupancy.restore(unprefixed('occupancy', snapshot));
  }

  dispose(): void {
    this.optimiser.dispose();
    this.#renderer.dispose();
    this.occupancy.dispose();
    this.field.dispose();
    this.#readback.dispose();
  }

  #makeRenderer({ views, width, height, raysPerPixel }: ViewShape): Renderer<FieldEvaluator> {
    const { settings, tilePoints } = this.#options;
    return new Renderer(this.#gpu, this.field, {
      views,
      width,
      height,
      samplesPerRay: settings.render.samplesPerRay,
      occupancy: this.occupancy,
      ...(raysPerPixel !== undefined && { raysPerPixel }),
      ...(tilePoints !== undefined && { tilePoints }),
    });
  }
}
