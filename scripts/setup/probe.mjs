/** Prints the WebGPU adapter that Node gets here as JSON, or null. A process of its own, since drivers can crash. */
import { create } from 'webgpu';

// Dawn frees its adapters with this object: it must outlive them.
const gpu = create([]);
const adapter = await gpu.requestAdapter();
const info = adapter && {
  name: adapter.info.description || adapter.info.device || adapter.info.vendor,
  software:
    adapter.info.isFallbackAdapter || /llvmpipe|swiftshader/i.test(adapter.info.description),
};
process.stdout.write(JSON.stringify(info));
process.exit(gpu ? 0 : 1);
