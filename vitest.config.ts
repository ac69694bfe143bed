import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    // A simulated process that dies leaves its promises behind; the world they belonged to is gone.
    onUnhandledError: (error) => error.name !== 'SimulatedCrash',
    projects: [
      {
        test: {
          name: 'inside',
          include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          testTimeout: 20_000,
          // Modules are loaded once for all files, which mock none: it halves the time.
          pool: 'threads',
          isolate: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Real processes on real time: after the others, so that these do not slow them down.
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          benchmark: { include: [] },
          testTimeout: 90_000,
          maxWorkers: 2,
          maxConcurrency: 8,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
