import { defineConfig } from 'vitest/config';
import base from '../../vitest.config.ts';

/** The checks of exports by other programs, which `npm test` leaves out: they need those programs. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['tests/programs/*.check.ts'],
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
