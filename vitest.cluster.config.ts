import { defineConfig } from 'vitest/config';

/** What needs a real API server: scripts/test-cluster.mjs starts it. */
export default defineConfig({
  test: {
    include: ['test/cluster/*.ts'],
    setupFiles: ['test/support/setup.ts'],
    pool: 'forks',
    maxWorkers: 1,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
