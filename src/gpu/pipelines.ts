import { makeShaderDataDefinitions } from 'webgpu-utils';
import { overridesOf } from './wgsl';

/** Values of `override`s by name; a boolean is 0 or 1. */
export type Constants = Readonly<Record<string, number>>;

/**
 * Pipelines that are kept: a session of runs and panes has some 100, and a pane that is given ever other sizes
 * makes ever more.
 */
const mostKept = 512;

/** Owns what is compiled of WGSL, so that whoever asks for the same again finds it there. */
export class Pipelines {
  readonly #device: GPUDevice;
  readonly #most: number;
  /** By their text. */
  readonly #programs = new Map<string, Program>();
  /** By text, entry point and constants; the one that was asked for last is the last. */
  readonly #pipelines = new Map<string, Pipeline>();

  constructor(device: GPUDevice, most = mostKept) {
    this.#device = device;
    this.#most = most;
    void device.lost.then(() => {
      this.#programs.clear();
      this.#pipelines.clear();
    });
  }

  /** Labels of the pipelines that are kept and compiled, each as it was first asked for. */
  get compiled(): readonly string[] {
    return [...this.#pipelines.values()].filter(({ ready }) => ready).map(({ label }) => label);
  }

  /** @param label names the text in errors, unless it was there before. @throws Error for what is no WGSL. */
  program(label: string, code: string): Program {
    const number = this.#programs.size;
    const program = this.#programs.get(code) ?? new Program(this.#device, number, label, code);
    this.#programs.set(code, program);
    return program;
  }

  /**
   * The pipeline of an entry point. It is compiled by the next `ready`, or when it is first used.
   * @param constants those that the entry point does not depend on make no difference.
   */
  pipeline(label: string, program: Program, entryPoint: string, constants: Constants): Pipeline {
    const used = program.used(entryPoint, constants);
    const key = JSON.stringify([program.number, entryPoint, used]);
    const pipeline =
      this.#pipelines.get(key) ?? new Pipeline(this.#device, label, program, entryPoint, used);
    this.#pipelines.delete(key);
    this.#pipelines.set(key, pipeline);
    const oldest = this.#pipelines.keys().next();
    if (this.#pipelines.size > this.#most && !oldest.done) this.#pipelines.delete(oldest.value);
    return pipeline;
  }

  /**
   * Compiles all that was asked for, without holding up this thread. Who made a run or a picture awaits it before
   * the first use.
   * @throws Error naming the entry point that does not compile.
   */
  async ready(): Promise<void> {
    await Promise.all([...this.#pipelines].map((kept) => this.#compile(...kept)));
  }

  /** What does not compile is not kept: others must not hear of it. */
  async #compile(key: string, pipeline: Pipeline): Promise<void> {
    try {
      await pipeline.compile();
    } catch (error) {
      this.#pipelines.delete(key);
      throw error;
    }
  }
}

/** One WGSL text: its module, and what is read from it. */
export class Program {
  /** Tells it from the other programs of a device. */
  readonly number: number;
  readonly code: string;
  readonly module: GPUShaderModule;
  readonly definitions: ReturnType<typeof makeShaderDataDefinitions>;
  readonly #device: GPUDevice;
  readonly #label: string;
  readonly #layouts = new Map<string, GPUBindGroupLayout>();
  readonly #overrides = new Map<string, ReadonlySet<string>>();

  constructor(device: GPUDevice, number: number, label: string, code: string) {
    this.#device = device;
    this.number = number;
    this.#label = label;
    this.code = code;
    this.module = device.createShaderModule({ label, code });
    this.definitions = definitionsOf(label, code);
  }

  /** Where an entry point takes its buffers, by the names of its variables. @throws Error for no entry point. */
  bindings(entryPoint: string): readonly { readonly name: string; readonly binding: number }[] {
    return this.#resources(entryPoint).map(({ name, entry }) => ({ name, binding: entry.binding }));
  }

  /** The layout of an entry point's buffers: known before its pipeline is compiled. */
  layout(entryPoint: string): GPUBindGroupLayout {
    const layout = this.#layouts.get(entryPoint) ?? this.#layoutOf(entryPoint);
    this.#layouts.set(entryPoint, layout);
    return layout;
  }

  /** Names and values of the constants that an entry point depends on, by name. */
  used(entryPoint: string, constants: Constants): readonly (readonly [string, number])[] {
    const names = this.#overrides.get(entryPoint) ?? overridesOf(this.code, entryPoint);
    this.#overrides.set(entryPoint, names);
    return Object.entries(constants)
      .filter(([name]) => names.has(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #layoutOf(entryPoint: string): GPUBindGroupLayout {
    return this.#device.createBindGroupLayout({
      label: `${this.#label}.${entryPoint}`,
      entries: this.#resources(entryPoint).map(({ entry: { binding, visibility, buffer } }) => ({
        binding,
        visibility,
        // The least size of a buffer is left to each dispatch: the text alone does not always say it.
        buffer: { type: buffer?.type ?? 'uniform' },
      })),
    });
  }

  #resources(entryPoint: string) {
    const definition = this.definitions.entryPoints[entryPoint];
    if (definition) return definition.resources;
    throw new Error(`${this.#label} has no entry point '${entryPoint}'.`);
  }
}

function definitionsOf(label: string, code: string) {
  try {
    return makeShaderDataDefinitions(code);
  } catch (error) {
    throw new Error(`${label} is no WGSL: ${(error as Error).message}`, { cause: error });
  }
}

/** An entry point, its constants fixed. */
export class Pipeline {
  readonly label: string;
  readonly #device: GPUDevice;
  readonly #program: Program;
  readonly #descriptor: GPUComputePipelineDescriptor;
  #compiled: GPUComputePipeline | undefined;
  #compiling: Promise<void> | undefined;

  constructor(
    device: GPUDevice,
    label: string,
    program: Program,
    entryPoint: string,
    constants: readonly (readonly [string, number])[],
  ) {
    this.label = label;
    this.#device = device;
    this.#program = program;
    this.#descriptor = {
      label,
      layout: device.createPipelineLayout({
        label,
        bindGroupLayouts: [program.layout(entryPoint)],
      }),
      compute: {
        module: program.module,
        entryPoint,
        constants: Object.fromEntries(constants),
      },
    };
  }

  /** Whether it is compiled. */
  get ready(): boolean {
    return this.#compiled !== undefined;
  }

  /** The pipeline itself, compiled on the spot if nobody waited for it. */
  get gpu(): GPUComputePipeline {
    this.#compiled ??= this.#device.createComputePipeline(this.#descriptor);
    return this.#compiled;
  }

  /** @throws Error naming the entry point and, where the text is at fault, the line. */
  async compile(): Promise<void> {
    if (this.#compiled) return;
    this.#compiling ??= this.#compile();
    await this.#compiling;
  }

  async #compile(): Promise<void> {
    try {
      const compiled = await this.#device.createComputePipelineAsync(this.#descriptor);
      this.#compiled ??= compiled;
    } catch (error) {
      const { messages } = await this.#program.module.getCompilationInfo();
      const fault = messages.find(({ type }) => type === 'error');
      const where = fault && `line ${fault.lineNum}: ${fault.message}`;
      const reason = where ?? (error as Error).message;
      throw new Error(`${this.label} does not compile: ${reason}`, { cause: error });
    }
  }
}
