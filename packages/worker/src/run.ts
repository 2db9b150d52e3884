import type { Plan } from '@summit/maestro-manifest';
import type { Decision, Initiator, JsonObject } from '@summit/maestro-sdk';

/** A request to run a plan. */
export interface RunRequest {
  plan: Plan;
  /** The operator's inputs, already bound to their types by `bindInputs`. */
  inputs: JsonObject;
  initiator: Initiator;
  /** Chosen by the caller to make starting idempotent; absent: a new one. */
  runId?: string;
}

export type RunStatus = 'succeeded' | 'failed' | 'cancelled';
export type TaskStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';

/** A failure as it is remembered and shown: plain data. */
export interface RunError {
  code: string;
  message: string;
  /** Id of the task that failed, where it was one. */
  task?: string;
  retryable?: boolean;
  details?: unknown;
}

/** What became of one task. Its output is in the `task.succeeded` event. */
export interface TaskRecord {
  id: string;
  /** `name@version` */
  uses: string;
  status: TaskStatus;
  attempts: number;
  error?: RunError;
}

/** What became of a run. */
export interface RunResult {
  runId: string;
  status: RunStatus;
  outputs?: JsonObject;
  error?: RunError;
  tasks: TaskRecord[];
  approvals: Decision[];
  planDigest: string;
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

export type RunEventType =
  | 'run.awaiting-approval'
  | 'run.started'
  | 'run.finished'
  | 'decision.made'
  | 'task.started'
  | 'task.attempt-failed'
  | 'task.succeeded'
  | 'task.failed'
  | 'task.skipped'
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

  /** `waiting`: for decisions; `running`; `stuck`: paused by the engine after it could not go on. */
  state: 'running' | 'waiting' | 'stuck';
  pending: PendingDecision[];
}

/** A run somebody started, here or elsewhere. */
export interface RunHandle {
  runId: string;
  /** Settles when the run has ended; rejects only when the engine is out of reach for good. */
  result(): Promise<RunResult>;
}

/** Where runs are started, watched, decided on and cancelled. Two kinds: embedded or remote Restate, and in-process. */
export interface Runner {
  readonly kind: 'restate' | 'in-process';
  /** Validates the request (roles, inputs, plan digest, tasks installed) and starts it; throws a `TaskError` that says which rule refused. */
  start(request: RunRequest): Promise<RunHandle>;
  attach(runId: string): Promise<RunHandle>;
  decide(runId: string, decision: DecisionInput): Promise<void>;
  cancel(runId: string): Promise<void>;
  /** Runs that have not ended. */
  active(): Promise<ActiveRun[]>;
  /** Events of runs executed by this process; returns the unsubscriber. */
  onEvent(listener: (event: RunEvent) => void): () => void;
  /** Drains and stops what this process started. Unfinished runs stay where they are. */
  close(): Promise<void>;
}
