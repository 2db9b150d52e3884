import type { Checker } from '@summit/maestro-expressions';
import { parseScalar } from '../expressions/scalar.ts';
import type { TaskView } from '../model/manifest.ts';
import type { Condition } from './certainty.ts';

/** What the `when` of a task says about other tasks; of one that is wrong, only whether it asks how they ended. */
export function conditionOf(checker: Checker, task: TaskView): Condition {
  const source = conditionSource(task);
  const result = source === undefined ? undefined : checker.check(source);
  if (!result) return { statusCheck: false, always: false, proves: [] };
  return { statusCheck: result.statusCheck, always: source?.trim() === 'always()', proves: result.ok ? result.provenTasks : [] };
}

/** The expression that is the `when` of a task, if there is one. */
export function conditionSource({ when }: TaskView): string | undefined {
  const parsed = when && parseScalar(when.value);
  return parsed && !('error' in parsed) && parsed.expressions.length === 1 ? parsed.expressions[0]?.source : undefined;
}
