import type { Reporter, SerializedError, TestModule, Vitest } from 'vitest/node';

/**
 * Ends a test run with one plain line that people and machines read alike: `N passed, N failed`, and `, N skipped` where any
 * were. A run in which a test was left out, or that ran none, has proved less than it claims and fails.
 */
export default class TallyReporter implements Reporter {
  #narrowed = false;

  onInit(vitest: Vitest): void {
    // With -t the tests of other names are left out on purpose.
    this.#narrowed = vitest.config.testNamePattern !== undefined;
  }

  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly SerializedError[]): void {
    const tally = { passed: 0, failed: unhandled.length, skipped: 0 };
    for (const module of modules) {
      let failed = 0;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        if (state === 'passed') tally.passed += 1;
        else if (state === 'skipped') tally.skipped += 1;
        // A test still pending was cut off by the end of the run.
        else failed += 1;
      }
      // A file that cannot be loaded, or whose hooks fail, may have no failed test to show for it.
      tally.failed += failed === 0 && module.state() === 'failed' ? 1 : failed;
    }
    const left = this.#narrowed ? 0 : tally.skipped;
    if (left > 0) this.#refuse(`${left} test${left === 1 ? ' was' : 's were'} skipped or left to do: make them run, or delete them.`);
    if (tally.passed + tally.failed === 0) this.#refuse('No test ran.');
    process.stdout.write(`\n${tally.passed} passed, ${tally.failed} failed${tally.skipped > 0 ? `, ${tally.skipped} skipped` : ''}\n`);
  }

  #refuse(reason: string): void {
    process.stdout.write(`\n${reason}\n`);
    process.exitCode = 1;
  }
}
