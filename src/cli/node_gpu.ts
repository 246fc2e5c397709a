import { LimbeckError } from '../errors';
import { type Gpu, openGpu } from '../gpu/device';

/** Dawn crashes when its root object is collected while buffers live: it is held until the process ends. */
const held = globalThis as { dawn?: GPU };

const remedy =
  'Install a Vulkan driver; `node scripts/setup.mjs` installs a software one. With --adapter, name part of an adapter that is there.';

/**
 * Opens Dawn's device in Node.
 * @param adapter part of the adapter's name; empty for any.
 * @throws LimbeckError when there is none of that name.
 */
export async function openNodeGpu(adapter: string): Promise<Gpu> {
  const { create, globals } = await loadDawn();
  Object.assign(globalThis, globals);
  held.dawn ??= create(adapter === '' ? [] : [`adapter=${adapter}`]);
  return openGpu(held.dawn, remedy);
}

/** Dawn's module. @throws LimbeckError saying why it does not load, which is no lack of an adapter. */
async function loadDawn(): Promise<typeof import('webgpu')> {
  try {
    return await import('webgpu');
  } catch (error) {
    const [reason] = (error as Error).message.split('\n');
    throw new LimbeckError(
      `Dawn, which is Node's WebGPU, does not load on this ${process.platform}-${process.arch} machine: ${reason}.`,
      'The npm package webgpu has it for Linux with glibc, macOS and Windows; a reason that names GLIBC asks for a newer system, one that names a file for the package that has it.',
    );
  }
}

/** Lets the process end. */
export function closeNodeGpu(): void {
  delete held.dawn;
}
