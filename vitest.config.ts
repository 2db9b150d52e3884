import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import TallyReporter from './.ci/tally-reporter.ts';

// Programs that tests compare our output with are installed, and servers that they talk to started, before the first test.
const globalSetup = ['./.ci/debian-tools.mjs', './packages/services/src/global-setup.ts'];

export default defineConfig({
  test: {
    reporters: ['default', new TallyReporter()],
    // A forgotten .only would leave out every other test.
    allowOnly: false,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'runbooks/**/*.test.ts'],
          globalSetup,
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Tests that start servers and processes of their own: after the others, and never more at once than the cores bear.
          name: 'process',
          include: ['packages/*/test/**/*.test.ts', '.ci/**/*.test.ts'],
          globalSetup,
          // Two even on two cores: much of such a test is waiting.
          maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
