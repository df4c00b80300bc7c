import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Two cores and real processes, browsers and files: more at a time only makes timings lie.
    maxWorkers: 2,
  },
});
