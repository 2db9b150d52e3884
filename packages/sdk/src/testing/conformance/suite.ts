import { taskLabel } from '../../declaration.ts';
import { InvalidInputError } from '../../errors.ts';
import type { DeclaredTask } from '../../task.ts';
import type { ConformanceCase, ConformanceOptions, ConformanceRule, Subject, TaskFixture } from './model.ts';
import { abortCases } from './rules/abort.ts';
import { catalogCases, declarationCases } from './rules/declaration.ts';
import { dryRunCases } from './rules/dry-run.ts';
import { exampleCases } from './rules/examples.ts';
import { executeCases } from './rules/execute.ts';
import { poolCases } from './rules/pool.ts';
import { pureCases } from './rules/pure.ts';
import { schemaCases } from './rules/schemas.ts';
import { secretCases } from './rules/secrets.ts';

const OPTIONAL: ReadonlySet<string> = new Set<ConformanceRule>([
  'examples',
  'execute',
  'bare-context',
  'abort',
  'secrets',
  'dry-run',
  'pool',
]);

/**
 * Everything the SDK asks of the tasks of a package, as cases for any test framework. Run them one after another: they
 * watch the process for what stays open. What cannot be checked fails, and says what the suite needs to check it, unless
 * the package opts out of it with a reason.
 * Throws `CONFORMANCE_OPTIONS_INVALID` for an empty catalog, a fixture without its task, or an opt-out without a reason.
 */
export function conformanceSuite(tasks: readonly DeclaredTask[], options: ConformanceOptions = {}): ConformanceCase[] {
  if (tasks.length === 0) throw wrong('the catalog is empty; expected the list of tasks that the package exports');
  const fixtures = new Map(Object.entries(options.tasks ?? {}));
  const used = new Set<string>();
  const cases = tasks.flatMap((task) => {
    const label = taskLabel(task);
    const name = [label, String(task?.name)].find((key) => fixtures.has(key));
    if (name !== undefined) used.add(name);
    const fixture = (name === undefined ? undefined : fixtures.get(name)) ?? {};
    return casesOf({ label, task, fixture, timeoutMs: options.timeoutMs ?? 10_000, promptMs: options.promptMs ?? 2_000 });
  });
  for (const name of fixtures.keys()) {
    if (!used.has(name)) throw wrong(`a fixture is for "${name}", which is not in the catalog (${tasks.map(taskLabel).join(', ')})`);
  }
  return [...catalogCases(tasks), ...cases];
}

function casesOf(subject: Subject): ConformanceCase[] {
  const { label, task, fixture } = subject;
  const optOut = reasons(label, fixture);
  // Without these there is nothing to call or to compare with.
  if (typeof task !== 'object' || task === null || typeof task.execute !== 'function') return declarationCases(subject);
  const rules = [declarationCases, schemaCases, exampleCases, executeCases, abortCases, secretCases, dryRunCases, pureCases, poolCases];
  return rules
    .flatMap((cases) => cases(subject))
    .map((each) => {
      const reason = optOut[each.rule];
      if (reason === undefined) return each;
      return { ...each, name: `${each.name} (not checked: ${reason})`, optedOut: reason, run: async () => {} };
    });
}

function reasons(label: string, fixture: TaskFixture): Partial<Record<ConformanceRule, string>> {
  for (const [rule, reason] of Object.entries(fixture.optOut ?? {})) {
    if (!OPTIONAL.has(rule)) throw wrong(`${label} opts out of "${rule}"; expected one of ${[...OPTIONAL].join(', ')}`);
    if (typeof reason !== 'string' || reason.trim() === '') throw wrong(`${label} opts out of "${rule}" without a reason`);
  }
  return fixture.optOut ?? {};
}

/** What the suite needs of vitest, jest, mocha or `node:test`. */
export interface TestFramework {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}

/** Declares the cases of {@link conformanceSuite} to a test framework, one group per task. */
export function describeConformance(
  tasks: readonly DeclaredTask[],
  { describe, it }: TestFramework,
  options: ConformanceOptions = {},
): void {
  const groups = new Map<string, ConformanceCase[]>();
  for (const each of conformanceSuite(tasks, options)) {
    const group = groups.get(each.task);
    if (group === undefined) groups.set(each.task, [each]);
    else group.push(each);
  }
  for (const [task, cases] of groups) {
    describe(task, () => {
      for (const each of cases) it(`${each.rule}: ${each.name}`, each.run);
    });
  }
}

function wrong(message: string): InvalidInputError {
  return new InvalidInputError(`conformance suite: ${message}`, { code: 'CONFORMANCE_OPTIONS_INVALID' });
}
