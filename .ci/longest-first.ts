import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * Test files that keep a core busy for half a minute and more, the longest first. They have a project of their own, since the other files that
 * start processes mostly wait, and bear more of their kind beside them.
 */
export const LONGEST = [
  'packages/worker/test/crash-moments.test.ts',
  'packages/cli/test/runbooks.test.ts',
  'packages/tasks-core/test/disclosure-tools.test.ts',
  '.ci/packed.test.ts',
  'packages/worker/test/cluster.test.ts',
  'packages/worker/test/crash.test.ts',
];

/** Vitest's own order (the projects' groups, then larger files first), but the longest as they are listed: what begins late with one of them ends on one core. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification): number => LONGEST.findIndex((path) => moduleId.endsWith(`/${path}`));
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
