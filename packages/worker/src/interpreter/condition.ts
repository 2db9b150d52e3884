import { evaluateTemplate, type PlanTask } from '@summit/maestro-manifest';
import type { RunError } from '../run.ts';
import type { Scope } from './host.ts';
import { messageOf } from './outcome.ts';

/** What becomes of a task that could start. */
export type Verdict = { start: true } | { skip: SkipReason } | { error: RunError };

/** Why a task is skipped; `reason` is for programs, `message` for people. */
export interface SkipReason {
  reason: 'condition' | 'needs' | 'workflow-failed' | 'stopped';
  message: string;
  /** The task it needs that did not end well. */
  need?: string;
}

/** Evaluates `when`. A task without one starts. */
export function condition(name: string, task: PlanTask, scope: Scope): Verdict {
  if (task.when === undefined) return { start: true };
  const fail = (why: string): Verdict => ({
    error: { code: 'EXPRESSION_FAILED', message: `when of task ${name} ${why}`, task: name, retryable: false },
  });
  let value: unknown;
  try {
    value = evaluateTemplate(task.when, scope);
  } catch (error) {
    return fail(messageOf(error));
  }
  if (typeof value !== 'boolean') return fail(`must be true or false, and is ${JSON.stringify(value)?.slice(0, 100)}`);
  return value ? { start: true } : { skip: { reason: 'condition', message: 'its condition is false' } };
}
