import { create, globals } from 'webgpu';
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
  Object.assign(globalThis, globals);
  held.dawn ??= create(adapter === '' ? [] : [`adapter=${adapter}`]);
  return openGpu(held.dawn, remedy);
}

/** Lets the process end. */
export function closeNodeGpu(): void {
  delete held.dawn;
}
