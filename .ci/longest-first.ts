import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { root } from './workspace.ts';

/** Test files that take more than half a minute, the longest first. What begins late with one of them ends on one core. */
const LONGEST = [
  'packages/worker/test/crash-moments.test.ts',
  'packages/cli/test/runbooks.test.ts',
  'packages/tasks-core/test/disclosure-tools.test.ts',
  '.ci/packed.test.ts',
  'packages/worker/test/cluster.test.ts',
  'packages/worker/test/crash.test.ts',
].map((path) => join(root, path));

/** Vitest's own order (the projects' groups, then larger files first), with the longest files first in their group. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const gone = LONGEST.filter((path) => !existsSync(path));
    if (gone.length > 0) throw new Error(`.ci/longest-first.ts names files that are not there: ${gone.join(', ')}`);
    const rank = ({ moduleId }: TestSpecification): number => (LONGEST.includes(moduleId) ? LONGEST.indexOf(moduleId) : LONGEST.length);
    const group = ({ project }: TestSpecification): number => project.config.sequence.groupOrder;
    return (await super.sort(files)).sort((a, b) => group(a) - group(b) || rank(a) - rank(b));
  }
}
