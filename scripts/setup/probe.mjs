/**
 * Prints the WebGPU adapter that Node gets here as JSON, null where it gets none, or why Dawn does not load. A process
 * of its own, since drivers can crash.
 */
const loaded = await import('webgpu').catch((/** @type {Error} */ error) => error);
if (loaded instanceof Error) {
  process.stdout.write(JSON.stringify({ loadError: loaded.message.split('\n')[0] }));
  process.exit(1);
}
// Dawn frees its adapters with this object: it must outlive them.
const gpu = loaded.create([]);
const adapter = await gpu.requestAdapter();
const info = adapter && {
  name: adapter.info.description || adapter.info.device || adapter.info.vendor,
  software:
    adapter.info.isFallbackAdapter || /llvmpipe|swiftshader/i.test(adapter.info.description),
};
process.stdout.write(JSON.stringify(info));
process.exit(gpu ? 0 : 1);
