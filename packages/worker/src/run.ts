import type { Plan } from '@summit/maestro-manifest';
import type { Decision, Initiator, Json, JsonObject } from '@summit/maestro-sdk';

/** A request to run a plan. */
export interface RunRequest {
  plan: Plan;
  /** The operator's inputs, already bound to their types by `bindInputs`. */
  inputs: JsonObject;
  initiator: Initiator;
  /** Chosen by the caller to make starting idempotent; absent: a new one. */
  runId?: string;
  /** The run it is made from. */
  parent?: string;
  /** What it takes over from there, see {@link reusable}. */
  reuse?: Reuse;
  /** W3C `traceparent` of what the run is part of; absent: the active span's, else the run begins a trace of its own. */
  traceparent?: string;
  /** Preview (true) or execute (false), whatever the plan says; absent: as the plan says. */
  dryRun?: boolean;
}

/** What a run takes over from the run it was made from, by the names people know: `deploy`, `list[3]`, `parent/deploy`. */
export interface Reuse {
  /** What tasks, items and sub-workflows returned that are not executed again. */
  results: { [name: string]: Json };
  /** Failures that their workflow went on after, and that are not tried again either. */
  tolerated?: { [name: string]: RunError };
  /** The digest of the list that a task went over; what is known of its items counts for the very same list only. */
  lists?: { [task: string]: string };
  /** What had begun and not come to a good end: the run whose idempotency key it has. */
  begun?: { [name: string]: string };
}

export type RunStatus = 'succeeded' | 'failed' | 'cancelled';
export type TaskStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

/** A failure as it is remembered and shown: plain data. */
export interface RunError {
  code: string;
  message: string;
  /** Id of the task that failed, where it was one. */
  task?: string;
  /** Which item of the task's `forEach`, from 0. */
  item?: number;
  retryable?: boolean;
  details?: unknown;
}

/** The lists of a workflow that are gone through after its `tasks`. */
export type TaskPhase = 'onFailure' | 'finally';

/** What became of one task, or of one sub-workflow and then of its tasks. Its output is in the `task.succeeded` event. */
export interface TaskRecord {
  /** `deploy`; in the sub-workflow that the task `parent` is, `parent/deploy`; in item 3 of a list of them, `parent[3]/deploy`. */
  id: string;
  /** `name@version` */
  uses: string;
  status: TaskStatus;
  /** With `forEach`, those of all items. */
  attempts: number;
  error?: RunError;
  /** Which list it stands in; absent: `tasks`. */
  phase?: TaskPhase;
  /** Why it was skipped. */
  reason?: string;
  /** With `forEach`: of the items, how many there were and how they ended. The others were not started, or were cancelled. */
  items?: { total: number; succeeded: number; failed: number };
  /** It was not executed, because the run takes over what came of it in the run it was made from. */
  reused?: true;
  /** It was not executed, because the run was a dry run. */
  previewed?: boolean;
}

/** What became of undoing one execution that had succeeded. */
export interface CompensationRecord {
  task: string;
  item?: number;
  /** `name@version` of what undoes it. */
  uses: string;
  status: 'compensated' | 'failed';
  attempts: number;
  error?: RunError;
}

/** What became of a run. */
export interface RunResult {
  runId: string;
  status: RunStatus;
  outputs?: JsonObject;
  error?: RunError;
  /** In plan order; then those of `onFailure` and `finally`, where they were gone through. */
  tasks: TaskRecord[];
  /** In the order they were done; absent where nothing was undone. */
  compensations?: CompensationRecord[];
  /** How many records of sub-workflows and compensations are left out, because there are too many; the events tell all of them. */
  omittedRecords?: number;
  approvals: Decision[];
  planDigest: string;
  /** The run it was made from. */
  parent?: string;
  /** Tasks that write were previewed. */
  dryRun?: true;
}

/**
 * Something that happened in a run, in the shape of a CloudEvent.
 * `id` is `<runId>/<sequence>` and is the same when a replay publishes it again: sinks keep the first.
 */
export interface RunEvent {
  specversion: '1.0';
  id: string;
  source: string;
  type: RunEventType;
  /** RFC 3339. */
  time: string;
  /** The run id. */
  subject: string;
  data: JsonObject;
}

/**
 * What happens in a run. The data of every `task.*` event names its `task`, as the id of a {@link TaskRecord}.
 *
 * | type | data |
 * |---|---|
 * | `run.queued` | `ref`, `planDigest`, `initiator`, `inputs`, `parent`, `dryRun`, `traceparent`; `process`: the one that the run lives in, where no engine has it; its id ends in `queued` |
 * | `run.awaiting-approval` | `name`, `pending`: the questions, `needed`: how many of them |
 * | `decision.made` | `name` of the question, and the decision |
 * | `run.started` | `ref`, `planDigest`, `tasks`: ids, `parent`, `dryRun` |
 * | `run.finished` | `status`, `error`; `tasks`: how many of its own (`total`, `succeeded`, `failed`, `skipped`, `cancelled`); `outputs`, or where they are too large for it `outputsBytes`; `noticedAt`, where its process had gone without a word |
 * | `task.started` | `uses`; `phase` in `onFailure` and `finally`; with `forEach` `items`: how many, and `list`: their digest; `begunIn`: the run whose idempotency key it has, where that is another |
 * | `task.attempt-failed` | `attempt`, `error`, `retryInMs` where there will be another; `item`; `compensation: true` where it is what undoes the task |
 * | `task.succeeded` | `attempts`, `output`; `items` as in the record; `previewed`; `reused`: taken from the parent, not executed |
 * | `task.failed` | `attempts`, `status`: `failed` or `cancelled`, `error`; `items`; `continued: true`: the run goes on (`continueOnError`); `reused` |
 * | `task.skipped` | `reason`: `condition`, `needs` (then `need`), `workflow-failed` or `stopped`; `message` says it |
 * | `task.previewed` | `resources` it would touch, `input` with secrets by name (absent where too large); `item` |
 * | `task.item-started` | `item`: which, from 0; `begunIn` |
 * | `task.item-succeeded` | `item`, `attempts`, `output`, `done` of `total` items, `previewed`, `reused` |
 * | `task.item-failed` | `item`, `attempts`, `status`, `error`, `done` of `total` items |
 * | `task.compensating` | `uses`; `item` |
 * | `task.compensated` | `attempts`; `item` |
 * | `task.compensation-failed` | `attempts`, `error`; `item` |
 * | `task.log` | `attempt`, `level`, `message`, `fields`; `item`, `compensation` |
 * | `task.event` | `attempt`, `event`, `payload`; `item`, `compensation` |
 */
export type RunEventType =
  | 'run.queued'
  | 'run.awaiting-approval'
  | 'run.started'
  | 'run.finished'
  | 'decision.made'
  | 'task.started'
  | 'task.attempt-failed'
  | 'task.succeeded'
  | 'task.failed'
  | 'task.skipped'
  | 'task.previewed'
  | 'task.item-started'
  | 'task.item-succeeded'
  | 'task.item-failed'
  | 'task.compensating'
  | 'task.compensated'
  | 'task.compensation-failed'
  | 'task.log'
  | 'task.event';

/** An answer to a waiting run. */
export interface DecisionInput {
  /** Which question, where the run asks the same role several; see {@link PendingDecision}. */
  name?: string;
  role: string;
  by: string;
  approved: boolean;
  comment?: string;
  /** The digest the approver was shown; refused when it is not the one that is asked about. */
  digest?: string;
}

/** What a run waits for, while it waits. */
export interface PendingDecision {
  /** Name of the decision within the run, e.g. `approval`. */
  name: string;
  role: string;
  /** Who started the run, and whether their own decision counts. */
  initiator: string;
  allowSelfApproval: boolean;
  reason?: string;
  ticket?: string;
  /** sha256 of what is being approved: for a run's approvals, of plan and resolved inputs. */
  digest?: string;
}

/** A run that the engine knows and that has not ended. */
export interface ActiveRun {
  runId: string;
  /**
   * `running`; `waiting`: for decisions; `retrying`: the engine could not go on with it, and tries again by itself; `stuck`: paused by
   * the engine, because it could not go on; `paused`: by a person.
   */
  state: 'running' | 'waiting' | 'retrying' | 'stuck' | 'paused';
  pending: PendingDecision[];
  /** Why the engine could not go on with it; always there where it is stuck. */
  problem?: RunProblem;
}

/** Why an engine could not go on with a run. */
export interface RunProblem {
  /**
   * `WORKER_UNREACHABLE`: no worker answers; `CODE_CHANGED`: the worker's code takes other steps than those that are recorded;
   * `ATTEMPT_FAILED`: anything else.
   */
  code: 'WORKER_UNREACHABLE' | 'CODE_CHANGED' | 'ATTEMPT_FAILED';
  message: string;
  /** How often it was tried. */
  attempts?: number;
  /** RFC 3339; absent: not before somebody has it resumed. */
  nextAttemptAt?: string;
  /** Since when it is paused, RFC 3339. */
  at?: string;
}

/** A run somebody started, here or elsewhere. */
export interface RunHandle {
  runId: string;
  /** Settles when the run has ended; rejects only when the engine is out of reach for good. */
  result(): Promise<RunResult>;
}

/** What can be done with runs from outside, by a worker as well as by a client that executes nothing. */
export interface RunControl {
  readonly kind: 'restate' | 'in-process';
  /** Validates the request (roles, inputs, plan digest, tasks installed) and starts it; throws a `TaskError` that says which rule refused. */
  start(request: RunRequest): Promise<RunHandle>;
  attach(runId: string): Promise<RunHandle>;
  decide(runId: string, decision: DecisionInput): Promise<void>;
  /** Stops a run: what is on is stopped, what was done is undone. Throws `RUN_UNKNOWN`, and `RUN_ENDED` with its `status`. */
  cancel(runId: string): Promise<void>;
  /** Ends a run in the engine at once, where even a cancel cannot: nothing is undone. */
  kill(runId: string): Promise<void>;
  /** Has the engine begin nothing more of a run until it is resumed; attempts that are on come to their end. */
  pause(runId: string): Promise<void>;
  /** Has a run go on that is paused or stuck; `deployment`: on another version of the worker (an id of the engine's, or `latest`). */
  resume(runId: string, options?: { deployment?: string }): Promise<void>;
  /** Runs that have not ended. */
  active(): Promise<ActiveRun[]>;
  /** One run; undefined when it has ended, or there never was one. */
  find(runId: string): Promise<ActiveRun | undefined>;
  /** Unfinished runs of an engine stay where they are. */
  close(): Promise<void>;
}
