import type { Plan } from '@summit/maestro-manifest';
import type { Decision, Json, JsonObject } from '@summit/maestro-sdk';
import type { CompensationRecord, PendingDecision, RunError, RunEvent, RunStatus, TaskPhase, TaskStatus } from '../run.ts';
import type { RunProcess } from './run-process.ts';

/** Where a run is on its way. `awaiting-approval`: people are asked, before it starts or at a gate in its middle. */
export type RunState = 'queued' | 'awaiting-approval' | 'running' | RunStatus;

/** All of {@link RunState}. */
export const RUN_STATES: readonly RunState[] = ['queued', 'awaiting-approval', 'running', 'succeeded', 'failed', 'cancelled'];

/** How many of a run's own tasks (not those of sub-workflows, nor hooks of a run that is on) ended how. */
export interface TaskCounts {
  total: number;
  succeeded: number;
  failed: number;
  skipped: number;
  cancelled: number;
}

/** What the history tells of a run at a glance. Times are RFC 3339. */
export interface RunSummary {
  runId: string;
  /** `name@version` of the runbook, or of the bare workflow. */
  ref: string;
  name: string;
  version: string;
  status: RunState;
  /** When it was accepted. */
  createdAt: string;
  startedAt?: string;
  finishedAt?: string;
  /** Id of who started it. */
  initiator?: string;
  /** The run it was made from. */
  parent?: string;
  planDigest?: string;
  dryRun: boolean;
  error?: Pick<RunError, 'code' | 'message' | 'task'>;
  /** Of one that has not ended, so far; absent of one that has not started. */
  tasks?: TaskCounts;
  /** Of one that has not ended and lives in a process only (`--ephemeral`), which. */
  process?: { host: string; pid: number };
  /** What people are asked, as far as the events tell. */
  pending: PendingDecision[];
  /** Events that are known to be lost: the history could not be written for too long. */
  missingEvents?: number;
}

/** One attempt that failed. */
export interface FailedAttempt {
  attempt: number;
  at: string;
  error: RunError;
  /** Milliseconds until the next attempt; absent: it was the last. */
  retryInMs?: number;
  item?: number;
  compensation?: true;
}

/** What became of a task, an item of a list, or the undoing of either. */
interface Execution {
  status: TaskStatus;
  startedAt?: string;
  endedAt?: string;
  attempts: number;
  error?: RunError;
  output?: Json;
  previewed?: true;
  /** Taken from the parent run, not executed. */
  reused?: true;
  /** Tasks of the sub-workflow that it is. */
  tasks?: TaskDetail[];
}

export interface ItemDetail extends Execution {
  item: number;
}

export interface TaskDetail extends Execution {
  /** As in {@link TaskRecord}. */
  id: string;
  /** `name@version`; absent of a task that never started. */
  uses?: string;
  phase?: TaskPhase;
  /** Why it was skipped. */
  reason?: string;
  failedAttempts?: FailedAttempt[];
  /** With `forEach`. */
  items?: ItemDetail[];
  itemCounts?: { total: number; succeeded: number; failed: number };
  /** `continueOnError`: it failed and the run went on. */
  continued?: true;
}

/** Everything the history tells of a run. */
export interface RunDetail extends RunSummary {
  initiatorRoles?: string[];
  inputs?: JsonObject;
  /** Absent where they were too large for an event. */
  outputs?: JsonObject;
  /** In the order of the plan; then those of `onFailure` and `finally` as they began. */
  taskTree: TaskDetail[];
  decisions: (Decision & { name: string })[];
  compensations: (Omit<CompensationRecord, 'status'> & { status: 'running' | 'compensated' | 'failed' })[];
  events: number;
}

/** Which runs are meant; everything given has to hold. */
export interface RunFilter {
  /** One of them. */
  status?: readonly RunState[];
  /** Name, or name@version. */
  runbook?: string;
  initiator?: string;
  /** Created at or after, in milliseconds since the epoch. */
  since?: number;
  /** Created before. */
  until?: number;
  runIds?: readonly string[];
}

export interface ListOptions extends RunFilter {
  /** Default 50. */
  limit?: number;
  /** Only runs that come after this one in the list, i.e. older ones. */
  before?: string;
}

/** An event with its place in the history: later ones have greater positions. */
export interface StoredEvent {
  position: number;
  event: RunEvent;
}

/** A run without an end that lives in a process, and nowhere else. */
export interface HeldRun {
  runId: string;
  ref: string;
  process: RunProcess;
  /** When it was last heard of, in milliseconds since the epoch. */
  lastAt: number;
}

export interface PruneResult {
  runs: number;
  events: number;
}

/** What has happened in runs, for as long as it is kept. Every method but `append` and `prune` only reads. */
export interface History {
  /** Adds events; those that are there already are left out. */
  append(events: readonly RunEvent[], lost?: ReadonlyMap<string, number>): void | Promise<void>;
  /** Newest first. Throws `RUN_UNKNOWN` where `before` is no run. */
  list(options?: ListOptions): Promise<RunSummary[]>;
  show(runId: string): Promise<RunDetail | undefined>;
  /** Events of a run as they were recorded, `after` a position; at most `limit`. */
  events(runId: string, options?: { after?: number; limit?: number }): Promise<StoredEvent[]>;
  /** Runs without an end that live in a process only. */
  held(): Promise<HeldRun[]>;
  /** The very plan that was run, by its digest; undefined where no run of it is kept. */
  plan(digest: string): Promise<Plan | undefined>;
  /** Every event of the chosen runs, oldest run first, each run's together. */
  export(filter?: RunFilter): AsyncIterable<RunEvent>;
  /** Forgets runs that ended before `before` (milliseconds since the epoch), with their events. `dryRun`: only counts them. */
  prune(options: { before: number; dryRun?: boolean }): Promise<PruneResult>;
  close(): Promise<void>;
}
