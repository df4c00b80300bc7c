import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // A browser on a busy machine draws no frame for a second; what must come in time is measured where it is asked for.
    expect: { poll: { timeout: 5_000 } },
    // Two cores and real processes, browsers and files: more at a time only makes timings lie.
    maxWorkers: 2,
  },
});
