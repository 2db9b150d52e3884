import type { RunProblem } from '../../run.ts';
import type { Row } from './api.ts';
import { isVersionRefusal } from './version-check.ts';

/** Restate's codes of what Maestro has words for. */
const UNREACHED = 'RT0010';
const MISMATCH = 'RT0016';
const LONGEST = 500;
/** How long after the failure a worker's own pause may come, in milliseconds. */
const SOON_MS = 10_000;
/** Less than the engine goes on trying for before it pauses a run itself, in milliseconds; see the retries of the service. */
const GIVEN_UP_MS = 3_600_000;

interface Failure {
  error_message?: string;
  restate_doc_error_code?: string;
}

/** Why the last attempt to go on with a run failed, and when the next will be; undefined where the engine does not say. */
export function problemOf(row: Row): RunProblem | undefined {
  if (row.last_failure === undefined) return undefined;
  const problem = described(row.last_failure, row.last_failure_error_code);
  if (row.retry_count !== undefined) problem.attempts = Number(row.retry_count);
  if (row.next_retry_at !== undefined) problem.nextAttemptAt = row.next_retry_at;
  return problem;
}

/** Why a run was paused, from the engine's event and those of the failures before it; undefined where a person paused it. */
export function problemOfPause({ event_json: json, appended_at: at }: Row, failures: readonly Row[]): RunProblem | undefined {
  const { last_failure: told } = JSON.parse(json ?? '{}') as { last_failure?: Failure };
  const failure = told ?? mismatch(failures.at(-1), at);
  if (failure === undefined) return undefined;
  const problem = described(failure.error_message ?? 'it does not say why', failure.restate_doc_error_code);
  // A worker of another version has it paused at once as well.
  if (problem.code !== 'CODE_CHANGED' && isEarly(failures[0], at)) return undefined;
  if (at !== undefined) problem.at = at;
  return problem;
}

/** A worker that cannot go on with a run has it paused at once: of such a pause only the failure before it tells. */
function mismatch(last: Row | undefined, at: string | undefined): Failure | undefined {
  if (last === undefined || Date.parse(at ?? '') - Date.parse(last.appended_at ?? '') > SOON_MS) return undefined;
  const failure = JSON.parse(last.event_json ?? '{}') as Failure;
  return failure.restate_doc_error_code === MISMATCH ? failure : undefined;
}

/** Whether the engine cannot have given up yet: what is paused while it fails has a failure to tell, whoever has paused it. */
function isEarly(first: Row | undefined, at: string | undefined): boolean {
  return Date.parse(at ?? '') - Date.parse(first?.appended_at ?? '') < GIVEN_UP_MS;
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
  if (isVersionRefusal(text)) return { code: 'CODE_CHANGED', message: text };
  return { code: 'ATTEMPT_FAILED', message: text.length > LONGEST ? `${text.slice(0, LONGEST)}...` : text };
}
