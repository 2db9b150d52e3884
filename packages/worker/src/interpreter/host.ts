import type { PlanTask } from '@summit/maestro-manifest';
import type { Decision, DecisionRequest, RetryPolicy } from '@summit/maestro-sdk';
import type { Outcome } from './outcome.ts';
import type { RunInput } from './run-input.ts';

/** What expressions of a task may read. */
export interface Scope {
  params: Record<string, unknown>;
  tasks: Record<string, { status: string; output?: unknown }>;
  run: { id: string; startedAt: string; dryRun: boolean; initiator: { id: string; roles: string[] } };
}

/** One attempt of one task. */
export interface TaskCall {
  run: RunInput;
  task: PlanTask;
  /** From 1. */
  attempt: number;
  scope: Scope;
  /** Aborted when the run is cancelled or out of time. */
  signal: AbortSignal;
}

/** What a durable task may wait for; every wait is remembered by the engine. */
export interface DurableWaits {
  sleep(ms: number): Promise<void>;
  decision(request: DecisionRequest): Promise<Decision[]>;
  /** Milliseconds since the epoch, remembered. */
  now(): Promise<number>;
}

/** How a task is to be run, as its code and the plan say. */
export interface TaskTraits {
  durable: boolean;
  retry: RetryPolicy;
  /** Milliseconds per attempt. */
  timeout: number;
}

/** The interpreter's only way to task code. */
export interface TaskHost {
  /** Undefined when the plan's task is not installed here with the contract the plan was checked against. */
  traits(task: PlanTask): TaskTraits | undefined;
  /** Executes an attempt. Returns failures as values; rejects only when this worker is stopping and the attempt must be run again elsewhere. */
  execute(call: TaskCall): Promise<Outcome>;
  /** Executes an attempt of a durable task, outside any step: its waits are the run's own. */
  executeDurable(call: TaskCall, waits: DurableWaits): Promise<Outcome>;
}
