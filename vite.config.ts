import { defineConfig } from 'vite';
import glsl from 'vite-plugin-glsl';

/** Resolves `#include` in .wgsl files; shared by the page, the CLI bundle and the tests. */
export const wgsl = () =>
  glsl({ include: '**/*.wgsl', minify: false, warnDuplicatedImports: false });

/** Cross-origin isolation: without it onnxruntime's WebAssembly has one thread. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

export default defineConfig({
  plugins: [wgsl()],
  build: { target: 'esnext', outDir: 'dist/app', emptyOutDir: true },
  server: { headers },
  preview: { headers },
  worker: { format: 'es', plugins: () => [wgsl()] },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
