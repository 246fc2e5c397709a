import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import glsl from 'vite-plugin-glsl';
import { sharedFolders, shippedPriors } from './src/prior/shipped.ts';

/** Resolves `#include` in .wgsl files; shared by the page, the CLI bundle and the tests. */
export const wgsl = () =>
  glsl({ include: '**/*.wgsl', minify: false, warnDuplicatedImports: false });

/** Cross-origin isolation: without it onnxruntime's WebAssembly has one thread. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Puts the priors that ship beside the built page, where the source tree has them too. */
const priors = (): Plugin => ({
  name: 'priors',
  apply: (config, { command }) => command === 'build' && !config.build?.ssr,
  generateBundle() {
    for (const name of [...Object.keys(shippedPriors), ...sharedFolders]) {
      const folder = `models/${name}`;
      for (const file of readdirSync(folder)) {
        const source = readFileSync(`${folder}/${file}`);
        this.emitFile({ type: 'asset', fileName: `${folder}/${file}`, source });
      }
    }
  },
});

export default defineConfig({
  // Relative: the built page works in any folder of a server.
  base: './',
  plugins: [wgsl(), priors()],
  build: { target: 'esnext', outDir: 'dist/app', emptyOutDir: true },
  server: { headers },
  preview: { headers },
  worker: { format: 'es', plugins: () => [wgsl()] },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
