import { type Plan, planDigest } from '@summit/maestro-manifest';
import { type Initiator, type JsonObject, TaskError } from '@summit/maestro-sdk';
import { keyOf } from '../history/batch.ts';
import type { RunEvent, RunRequest, RunStatus } from '../run.ts';
import { factsOf } from './facts.ts';
import { reusable } from './reusable.ts';

/** A run of the past, as its history has it. */
export interface PastRun {
  runId: string;
  /** The very plan that was run. */
  plan: Plan;
  planDigest: string;
  /** Bound to their types. */
  inputs: JsonObject;
  /** Absent: it has not ended. */
  status?: RunStatus;
  dryRun?: boolean;
}

/**
 * The request to retry a run from its failed task: the same plan, the same inputs, and the results there are. Approvals are asked for again.
 * Throws `RUN_UNFINISHED` for one that is on, `RUN_SUCCEEDED` for one with nothing to retry, `RUN_DRY` for a preview, and
 * `PLAN_CHANGED` where the plan is not the one that was run, `HISTORY_INCOMPLETE` where what was done is not known for sure.
 */
export function retryRequest(past: PastRun, events: Iterable<RunEvent>, initiator: Initiator, runId?: string): RunRequest {
  const { runId: parent, plan, inputs, status } = past;
  if (status === undefined) {
    throw TaskError.terminal('RUN_UNFINISHED', `run ${parent} has not ended; cancel it first, or wait for its end`);
  }
  if (status === 'succeeded') throw TaskError.terminal('RUN_SUCCEEDED', `run ${parent} succeeded: there is nothing to retry`);
  if (past.dryRun) {
    throw TaskError.terminal('RUN_DRY', `run ${parent} was a dry run: what it has are no results, so that it can only be run again`);
  }
  const digest = planDigest(plan);
  if (digest !== past.planDigest) {
    throw TaskError.terminal('PLAN_CHANGED', `the plan kept of run ${parent} is ${digest}, and what was run is ${past.planDigest}`);
  }
  const known = [...events];
  const missing = gapsOf(known);
  if (missing > 0) {
    throw TaskError.terminal(
      'HISTORY_INCOMPLETE',
      `${missing} events of run ${parent} are missing in the history, so that it is not known what it has done; see what there is, and run it again from its start`,
    );
  }
  return {
    plan,
    inputs,
    initiator,
    parent,
    dryRun: false,
    reuse: reusable(plan, factsOf(parent, known), initiator.id),
    ...(runId === undefined ? {} : { runId }),
  };
}

/** How many of the interpreter's events, which it numbers, are not there; what tasks have logged is not among them. */
function gapsOf(events: readonly RunEvent[]): number {
  const numbers = new Set(events.map(keyOf).filter((key) => /^\d+$/.test(key)));
  const last = [...numbers].reduce((most, key) => Math.max(most, Number(key)), -1);
  return last + 1 - numbers.size;
}
