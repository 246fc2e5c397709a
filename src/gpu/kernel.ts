import { makeShaderDataDefinitions, makeStructuredView, type StructuredView } from 'webgpu-utils';
import type { Gpu } from './device';

type Definitions = ReturnType<typeof makeShaderDataDefinitions>;

/** Buffers by the name of the WGSL variable that they are bound to. */
export type Resources = Readonly<Record<string, GPUBuffer | GPUBufferBinding>>;

/**
 * One WGSL file, its `override` constants fixed: the pipelines of its entry points and the layouts
 * of its structs, both read from the WGSL text, so that no offset or binding number is counted twice.
 */
export class Shader {
  readonly #gpu: Gpu;
  readonly #label: string;
  readonly #module: GPUShaderModule;
  readonly #definitions: Definitions;
  readonly #constants: Record<string, number>;

  /**
   * @param label names the shader in errors and captures, e.g. `field.hash_grid`.
   * @param constants values for the file's `override`s; each entry point gets those it declares.
   */
  constructor(gpu: Gpu, label: string, code: string, constants: Record<string, number> = {}) {
    this.#gpu = gpu;
    this.#label = label;
    this.#module = gpu.device.createShaderModule({ label, code });
    this.#definitions = makeShaderDataDefinitions(code);
    this.#constants = constants;
  }

  /** Compiles an entry point and binds its buffers: ready to be recorded any number of times. */
  bind(entryPoint: string, resources: Resources): Dispatch {
    const definition = this.#definitions.entryPoints[entryPoint];
    if (!definition) throw new Error(`${this.#label} has no entry point '${entryPoint}'.`);
    const label = `${this.#label}.${entryPoint}`;
    const pipeline = this.#gpu.device.createComputePipeline({
      label,
      layout: 'auto',
      compute: { module: this.#module, entryPoint, constants: this.#constants },
    });
    const entries = definition.resources.map(({ name, entry }) => {
      const resource = resources[name];
      if (!resource) throw new Error(`${label} needs a buffer for '${name}'.`);
      const binding = 'buffer' in resource ? resource : { buffer: resource };
      return { binding: entry.binding, resource: binding };
    });
    const group = this.#gpu.device.createBindGroup({
      label,
      layout: pipeline.getBindGroupLayout(0),
      entries,
    });
    return new Dispatch(label, pipeline, group);
  }

  /** A uniform buffer laid out as the WGSL variable `name`. */
  uniforms(name: string): Uniforms {
    const definition = this.#definitions.uniforms[name];
    if (!definition) throw new Error(`${this.#label} has no uniform '${name}'.`);
    return new Uniforms(this.#gpu, `${this.#label}.${name}`, makeStructuredView(definition));
  }
}

/** An entry point with its buffers bound. */
export class Dispatch {
  readonly #label: string;
  readonly #pipeline: GPUComputePipeline;
  readonly #group: GPUBindGroup;

  constructor(label: string, pipeline: GPUComputePipeline, group: GPUBindGroup) {
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
    pass.setPipeline(this.#pipeline);
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
