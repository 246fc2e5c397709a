import { readdirSync, readFileSync } from 'node:fs';
import { defineConfig, type Plugin } from 'vite';
import glsl from 'vite-plugin-glsl';
import { watlasWithoutEval } from './scripts/vite/watlas.ts';
import { sharedFolders, shippedPriors } from './src/prior/shipped.ts';

/** Resolves `#include` in .wgsl files; shared by the page, the CLI bundle and the tests. */
export const wgsl = () =>
  glsl({ include: '**/*.wgsl', minify: false, warnDuplicatedImports: false });

/** Cross-origin isolation: without it onnxruntime's WebAssembly has one thread. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * What the page may do: run its own scripts and WebAssembly, and ask its own server, or one that the person names over
 * https or on this machine (a prior's). Nothing that stands in a text is a script or a style.
 */
const policy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "font-src 'self' data:",
  "media-src 'self' blob:",
  "connect-src 'self' blob: https: http://localhost:* http://127.0.0.1:*",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Says the policy in the built page, for servers that send no headers of their own. */
const contentSecurity = (): Plugin => ({
  name: 'content-security',
  apply: 'build',
  transformIndexHtml: () => [
    {
      tag: 'meta',
      attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
      injectTo: 'head-prepend',
    },
  ],
});

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
  plugins: [wgsl(), watlasWithoutEval(), priors(), contentSecurity()],
  build: {
    target: 'esnext',
    outDir: 'dist/app',
    emptyOutDir: true,
    rolldownOptions: { input: { index: 'index.html', lab: 'lab.html' } },
  },
  server: { headers },
  preview: {
    headers: { ...headers, 'Content-Security-Policy': `${policy}; frame-ancestors 'none'` },
  },
  worker: { format: 'es', plugins: () => [wgsl(), watlasWithoutEval()] },
  optimizeDeps: { exclude: ['onnxruntime-web'] },
});
