import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import LongestFirst, { LONGEST } from './.ci/longest-first.ts';
import TallyReporter from './.ci/tally-reporter.ts';

// Programs that tests compare our output with are installed, and servers that they talk to started, before the first test.
const globalSetup = ['./.ci/debian-tools.mjs', './packages/services/src/global-setup.ts'];

export default defineConfig({
  test: {
    reporters: ['default', new TallyReporter()],
    // A forgotten .only would leave out every other test.
    allowOnly: false,
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: ['packages/*/src/**/*.test.ts', 'runbooks/**/*.test.ts'],
          globalSetup,
          // As many as there are cores. Of one alone vitest would make a group of its own, and put it last.
          maxWorkers: Math.max(2, availableParallelism()),
          testTimeout: 20_000,
          hookTimeout: 30_000,
          sequence: { groupOrder: 0 },
        },
      },
      // Tests that start servers and processes of their own: after the others, and never more at once than the cores bear.
      {
        extends: true,
        test: {
          name: 'process-long',
          include: LONGEST,
          globalSetup,
          maxWorkers: Math.max(2, Math.floor(availableParallelism() / 2)),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        test: {
          name: 'process',
          include: ['packages/*/test/**/*.test.ts', '.ci/**/*.test.ts'],
          exclude: LONGEST,
          globalSetup,
          // Three even on two cores: more than half of such a test is waiting.
          maxWorkers: Math.max(3, Math.floor(availableParallelism() / 2)),
          testTimeout: 180_000,
          hookTimeout: 180_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
