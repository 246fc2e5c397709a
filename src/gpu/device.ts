import { LimbeckError } from '../errors';
import { Buffers } from './buffers';
import { Pipelines } from './pipelines';

/** What an adapter says of itself, and what follows from it. */
export interface AdapterInfo {
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  /** True when shaders run on the CPU (lavapipe, SwiftShader, WARP). */
  readonly software: boolean;
}

/** An adapter's name for people; browsers keep the description to themselves. */
export const adapterName = ({ description, vendor, architecture }: AdapterInfo): string =>
  description || `${vendor} ${architecture}`;

/** The one GPUDevice of a process; our kernels, onnxruntime and three.js all run on it. */
export interface Gpu {
  readonly device: GPUDevice;
  readonly adapter: AdapterInfo;
  readonly buffers: Buffers;
  readonly pipelines: Pipelines;
}

/** Limits raised to what the adapter offers: sizes bound our buffers, and onnxruntime asks for the rest. */
const raisedLimits = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const satisfies readonly (keyof GPUSupportedLimits)[];

/** Accelerations and measurements; everything works without them. */
const wantedFeatures: readonly GPUFeatureName[] = ['shader-f16', 'subgroups', 'timestamp-query'];

const softwareName = /llvmpipe|lavapipe|swiftshader|basic render driver|softpipe/i;

/**
 * Opens the device.
 *
 * @param entry `navigator.gpu`, or its twin from Dawn in Node.
 * @param remedy what to do when there is no adapter: how to get one here.
 * @throws LimbeckError when no adapter is offered.
 */
export async function openGpu(entry: GPU | undefined, remedy: string): Promise<Gpu> {
  let reason = '';
  const adapter = await entry
    ?.requestAdapter({ powerPreference: 'high-performance' })
    .catch((error: Error) => {
      reason = ` (${error.message.trim()})`;
      return null;
    });
  if (!adapter) throw new LimbeckError(`No WebGPU adapter is available${reason}.`, remedy);
  const requiredLimits: Record<string, number> = {};
  for (const name of raisedLimits) requiredLimits[name] = adapter.limits[name];
  const device = await adapter.requestDevice({
    label: 'limbeck',
    requiredLimits,
    requiredFeatures: wantedFeatures.filter((feature) => adapter.features.has(feature)),
  });
  return {
    device,
    adapter: infoOf(adapter.info),
    buffers: new Buffers(device),
    pipelines: new Pipelines(device),
  };
}

function infoOf(info: GPUAdapterInfo): AdapterInfo {
  const { vendor, architecture, description } = info;
  const software =
    info.isFallbackAdapter || softwareName.test(`${vendor} ${architecture} ${description}`);
  return { vendor, architecture, description, software };
}
