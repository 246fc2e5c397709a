import { makeStructuredView, type StructuredView } from 'webgpu-utils';
import type { Gpu } from './device';
import type { Constants, Pipeline, Program } from './pipelines';

/** Buffers by the name of the WGSL variable that they are bound to. */
export type Resources = Readonly<Record<string, GPUBuffer | GPUBufferBinding>>;

/**
 * One WGSL file, its `override` constants fixed: the pipelines of its entry points and the layouts
 * of its structs, both read from the WGSL text, so that no offset or binding number is counted twice.
 */
export class Shader {
  readonly #gpu: Gpu;
  readonly #label: string;
  readonly #program: Program;
  readonly #constants: Constants;

  /**
   * @param label names the shader in errors and captures, e.g. `field.hash_grid`.
   * @param constants values for the file's `override`s; each entry point gets those it depends on.
   */
  constructor(gpu: Gpu, label: string, code: string, constants: Constants = {}) {
    this.#gpu = gpu;
    this.#label = label;
    this.#program = gpu.pipelines.program(label, code);
    this.#constants = constants;
  }

  /**
   * Binds an entry point's buffers: ready to be recorded any number of times. What it takes to run it is compiled by
   * the next `gpu.pipelines.ready()`, or when it is first recorded.
   */
  bind(entryPoint: string, resources: Resources): Dispatch {
    const label = `${this.#label}.${entryPoint}`;
    const program = this.#program;
    const entries = program.bindings(entryPoint).map(({ name, binding }) => {
      const resource = resources[name];
      if (!resource) throw new Error(`${label} needs a buffer for '${name}'.`);
      return { binding, resource: 'buffer' in resource ? resource : { buffer: resource } };
    });
    const layout = program.layout(entryPoint);
    const group = this.#gpu.device.createBindGroup({ label, layout, entries });
    const pipeline = this.#gpu.pipelines.pipeline(label, program, entryPoint, this.#constants);
    return new Dispatch(label, pipeline, group);
  }

  /** A uniform buffer laid out as the WGSL variable `name`. */
  uniforms(name: string): Uniforms {
    const definition = this.#program.definitions.uniforms[name];
    if (!definition) throw new Error(`${this.#label} has no uniform '${name}'.`);
    return new Uniforms(this.#gpu, `${this.#label}.${name}`, makeStructuredView(definition));
  }
}

/** An entry point with its buffers bound. */
export class Dispatch {
  readonly #label: string;
  readonly #pipeline: Pipeline;
  readonly #group: GPUBindGroup;

  constructor(label: string, pipeline: Pipeline, group: GPUBindGroup) {
    this.#label = label;
    this.#pipeline = pipeline;
    this.#group = group;
  }

  /** Records into a pass of its owner; zero workgroups record nothing. */
  record(pass: GPUComputePassEncoder, x: number, y = 1, z = 1): void {
    if (x * y * z === 0) return;
    this.#set(pass);
    pass.dispatchWorkgroups(x, y, z);
    pass.popDebugGroup();
  }

  /** Records with a workgroup count that the GPU wrote: three u32 at `offset` bytes. */
  recordIndirect(pass: GPUComputePassEncoder, counts: GPUBuffer, offset = 0): void {
    this.#set(pass);
    pass.dispatchWorkgroupsIndirect(counts, offset);
    pass.popDebugGroup();
  }

  #set(pass: GPUComputePassEncoder): void {
    pass.pushDebugGroup(this.#label);
    pass.setPipeline(this.#pipeline.gpu);
    pass.setBindGroup(0, this.#group);
  }
}

/** A uniform struct on the GPU and its view on the CPU. */
export class Uniforms {
  readonly buffer: GPUBuffer;
  readonly #gpu: Gpu;
  readonly #view: StructuredView;

  constructor(gpu: Gpu, label: string, view: StructuredView) {
    this.#gpu = gpu;
    this.#view = view;
    this.buffer = gpu.buffers.create({
      label,
      size: view.arrayBuffer.byteLength,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    });
  }

  /** Sets fields by name and queues the upload: the next submit sees them. */
  write(values: Readonly<Record<string, unknown>>): void {
    this.#view.set(values);
    this.#gpu.device.queue.writeBuffer(this.buffer, 0, this.#view.arrayBuffer);
  }

  dispose(): void {
    this.#gpu.buffers.destroy(this.buffer);
  }
}
