import { defineConfig } from 'vitest/config';
import { wgsl } from './vite.config.ts';

export default defineConfig({
  plugins: [wgsl()],
  test: {
    include: ['tests/**/*.test.ts'],
    // Dawn's native state must not be shared with a dying isolate: one process per file.
    pool: 'forks',
    testTimeout: 120_000,
    hookTimeout: 240_000,
    maxWorkers: 2,
  },
});
