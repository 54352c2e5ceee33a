import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/src/**/*.test.ts', 'web/src/**/*.test.ts'],
    setupFiles: ['test/support/setup.ts'],
    // Sized for two cores. Files share a worker's module cache: no test may mock modules or leave process state changed.
    pool: 'forks',
    maxWorkers: 2,
    isolate: false,
    // A hang guard, not a measure of speed: no test is about time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      exclude: ['src/**/*.test.ts'],
      reporter: ['text-summary', 'html', 'json-summary'],
    },
  },
});
