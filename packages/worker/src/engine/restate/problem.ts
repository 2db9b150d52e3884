import type { RunProblem } from '../../run.ts';
import type { Row } from './api.ts';

/** Restate's codes of what Maestro has words for. */
const UNREACHED = 'RT0010';
const MISMATCH = 'RT0016';
const LONGEST = 500;

/** Why the last attempt to go on with a run failed, and when the next will be; undefined where the engine does not say. */
export function problemOf(row: Row): RunProblem | undefined {
  if (row.last_failure === undefined) return undefined;
  const problem = described(row.last_failure, row.last_failure_error_code);
  if (row.retry_count !== undefined) problem.attempts = Number(row.retry_count);
  if (row.next_retry_at !== undefined) problem.nextAttemptAt = row.next_retry_at;
  return problem;
}

/** Why the engine paused a run, from the event that it did; undefined where a person paused it. */
export function problemOfPause(json: string | undefined, at: string | undefined): RunProblem | undefined {
  const { last_failure: failure } = JSON.parse(json ?? '{}') as {
    last_failure?: { error_message?: string; restate_doc_error_code?: string };
  };
  if (failure === undefined) return undefined;
  const problem = described(failure.error_message ?? 'it does not say why', failure.restate_doc_error_code);
  if (at !== undefined) problem.at = at;
  return problem;
}

function described(failure: string, code: string | undefined): RunProblem {
  // Without the status in front and the stack behind.
  const text = failure.replace(/^\[\d+[^\]]*\] /, '').replace(/\n\s+at [\s\S]*$/, '');
  if (code === UNREACHED) {
    const address = /error when calling '([^']*)'/.exec(text)?.[1];
    const why = /: ([^:]+)$/.exec(text)?.[1] ?? text;
    return { code: 'WORKER_UNREACHABLE', message: `no worker answers${address === undefined ? '' : ` at ${address}`}: ${why}` };
  }
  if (code === MISMATCH) {
    const difference = text.split('\n').slice(2).join('\n') || text;
    return {
      code: 'CODE_CHANGED',
      message: `the worker's code does not take the steps that the run has recorded; it began with another version:\n${difference}`,
    };
  }
  return { code: 'ATTEMPT_FAILED', message: text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text };
}
