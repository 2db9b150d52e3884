import type { PlanCall, PlanPolicy } from '@summit/maestro-manifest';
import type { Decision, DecisionRequest, Effect, RetryPolicy } from '@summit/maestro-sdk';
import type { TaskStatus } from '../run.ts';
import type { EventSink } from './events.ts';
import type { Outcome } from './outcome.ts';
import type { RunIdentity } from './run-input.ts';
import type { Subject } from './subject.ts';

/** What expressions may read. */
export interface Scope {
  params: Record<string, unknown>;
  tasks: Record<string, { status: TaskStatus; output?: unknown }>;
  run: RunScope;
  /** Inside a `forEach`. */
  item?: unknown;
  index?: number;
}

export interface RunScope {
  [field: string]: unknown;
  id: string;
  startedAt: string;
  dryRun: boolean;
  initiator: { id: string; roles: string[] };
  /** In `onFailure` and `finally`: how their workflow ended. */
  status?: 'succeeded' | 'failed' | 'cancelled';
  error?: { code: string; message: string; task?: string };
}

/** The workflow that a task stands in. */
export interface WorkflowIdentity {
  /** `name@version` */
  ref: string;
  name: string;
  policy?: PlanPolicy;
}

/** One attempt of one execution. */
export interface TaskCall {
  run: RunIdentity;
  call: PlanCall;
  subject: Subject;
  workflow: WorkflowIdentity;
  /** From 1. */
  attempt: number;
  /** What the expressions of its input read. */
  scope: Scope;
  /** The run under whose id the idempotency key is; absent: this one. */
  begunIn?: string;
  /** The input instead, evaluated where the run is walked; secrets are references. */
  input?: { value: unknown };
  /** Aborted when the run is cancelled or out of time. */
  signal: AbortSignal;
  /** Where its events go instead of the worker's own sink. */
  emit?: EventSink;
}

/** What a durable task may wait for; every wait is remembered by the engine. */
export interface DurableWaits {
  sleep(ms: number): Promise<void>;
  decision(request: DecisionRequest): Promise<Decision[]>;
  /** Milliseconds since the epoch, remembered. */
  now(): Promise<number>;
  /** Does `run` and remembers its outcome. It must end soon after the attempt is aborted, and rejects only when this worker is stopping. */
  step(name: string, run: () => Promise<Outcome>): Promise<Outcome>;
}

/** How a task is to be run, as its code and the plan say. */
export interface TaskTraits {
  durable: boolean;
  effect: Effect;
  retry: RetryPolicy;
  /** Milliseconds per attempt; absent: a durable task that waits as long as it takes. */
  timeout?: number;
}

/** The interpreter's only way to task code. */
export interface TaskHost {
  /** Largest output carried inline, in bytes of JSON. */
  readonly inlineLimit: number;
  /** Undefined when the plan's task is not installed here with the contract the plan was checked against. */
  traits(call: PlanCall): TaskTraits | undefined;
  /** Executes an attempt. Returns failures as values; rejects only when this worker is stopping and the attempt must be run again elsewhere. */
  execute(call: TaskCall): Promise<Outcome>;
  /**
   * Executes a call of a pure task without a step around it: on every replay again, with the same outcome. Undefined where the task says that this
   * call is not pure.
   */
  evaluate(call: TaskCall): Promise<Outcome | undefined>;
  /** Executes an attempt of a durable task, outside any step: its waits are the run's own. */
  executeDurable(call: TaskCall, waits: DurableWaits): Promise<Outcome>;
  /** Checks the input as for an execution, executes nothing, and returns a placeholder that fits the task's output. */
  preview(call: TaskCall): Promise<Outcome>;
}
