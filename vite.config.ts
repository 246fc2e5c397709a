import { defineConfig } from 'vite';
import glsl from 'vite-plugin-glsl';

/** Resolves `#include` in .wgsl files; shared by the page, the CLI bundle and the tests. */
export const wgsl = () => glsl({ include: '**/*.wgsl', minify: false, warnDuplicatedImports: false });

export default defineConfig({
  plugins: [wgsl()],
  build: { target: 'esnext' },
  worker: { format: 'es', plugins: () => [wgsl()] },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
