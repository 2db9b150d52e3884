import { type Checker, parseScalar } from '../expressions/index.ts';
import type { TaskView } from '../model/manifest.ts';
import type { Condition } from './certainty.ts';

/** What the `when` of a task says about other tasks; of one that is wrong, nothing. */
export function conditionOf(checker: Checker, { when }: TaskView): Condition {
  const parsed = when && parseScalar(when.value);
  const only = parsed && !('error' in parsed) && parsed.expressions.length === 1 ? parsed.expressions[0] : undefined;
  const result = only && checker.check(only.source);
  if (!result) return { statusCheck: false, proves: [] };
  const statusCheck = result.refs.some(({ kind }) => kind === 'task-status') || /\balways\s*\(\s*\)/.test(only.source);
  return { statusCheck, proves: [] };
}
