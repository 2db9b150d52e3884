import type { PlanTask } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError, TaskPhase, TaskRecord } from '../run.ts';
import type { Activity } from './activity.ts';
import type { SkipReason } from './condition.ts';
import type { EventLog } from './events.ts';
import type { ItemCounts } from './for-each.ts';
import type { Scope } from './host.ts';
import { eventError } from './outcome.ts';

/** One task of a list: its place in the graph, and what is told of it, in its record, in events and to expressions. */
export class TaskNode {
  readonly task: PlanTask;
  /** Its place in the list. */
  readonly at: number;
  /** What people call it. */
  readonly name: string;
  readonly record: TaskRecord;
  readonly dependents: TaskNode[] = [];
  /** Needs that have not ended. */
  open = 0;
  /** Present while it runs. */
  activity: Activity | undefined;
  /** Records of what it is made of. */
  parts: TaskRecord[] = [];
  readonly #events: EventLog;
  readonly #scope: Scope;

  constructor(task: PlanTask, at: number, prefix: string, phase: TaskPhase | undefined, events: EventLog, scope: Scope) {
    this.task = task;
    this.at = at;
    this.name = `${prefix}${task.id}`;
    this.record = { id: this.name, uses: `${task.uses.name}@${task.uses.version}`, status: 'pending', attempts: 0 };
    if (phase !== undefined) this.record.phase = phase;
    this.#events = events;
    this.#scope = scope;
  }

  get pending(): boolean {
    return this.record.status === 'pending';
  }

  /** Whether what needs it may start. */
  get endedWell(): boolean {
    const { status } = this.record;
    return status === 'succeeded' || (status === 'failed' && this.task.continueOnError === true);
  }

  /** `more` is added to the event. */
  begun(counts: ItemCounts | undefined, more: JsonObject = {}): void {
    const { record } = this;
    record.status = 'running';
    if (counts !== undefined) record.items = counts;
    this.#scope.tasks[this.task.id] = { status: 'running' };
    this.#events.emit('task.started', {
      task: this.name,
      uses: record.uses,
      ...(record.phase === undefined ? {} : { phase: record.phase }),
      ...(counts === undefined ? {} : { items: counts.total }),
      ...more,
    });
  }

  succeeded(output: unknown): void {
    const { record } = this;
    record.status = 'succeeded';
    this.#scope.tasks[this.task.id] = { status: 'succeeded', output };
    this.#events.emit('task.succeeded', {
      task: this.name,
      attempts: record.attempts,
      output: output as JsonObject,
      ...this.#items(),
      ...(record.previewed ? { previewed: true } : {}),
    });
  }

  /** What it returned in the run that this one was made from counts. */
  reused(output: unknown): void {
    const { record } = this;
    record.status = 'succeeded';
    record.reused = true;
    this.#scope.tasks[this.task.id] = { status: 'succeeded', output };
    this.#events.emit('task.succeeded', {
      task: this.name,
      uses: record.uses,
      attempts: 0,
      output: output as JsonObject,
      reused: true,
    });
  }

  /** Returns the error with the task's name. */
  endedBadly(status: 'failed' | 'cancelled', cause: RunError): RunError {
    const { record } = this;
    const error: RunError = { task: this.name, ...cause };
    record.status = status;
    record.error = error;
    this.#scope.tasks[this.task.id] = { status };
    this.#events.emit('task.failed', {
      task: this.name,
      attempts: record.attempts,
      status,
      error: eventError(error),
      ...this.#items(),
      ...(this.task.continueOnError && status === 'failed' ? { continued: true } : {}),
      ...(record.reused ? { reused: true } : {}),
    });
    return error;
  }

  skipped({ reason, message, need }: SkipReason): void {
    this.record.status = 'skipped';
    this.record.reason = message;
    this.#scope.tasks[this.task.id] = { status: 'skipped' };
    this.#events.emit('task.skipped', { task: this.name, reason, message, ...(need === undefined ? {} : { need }) });
  }

  #items(): JsonObject {
    const { items } = this.record;
    return items === undefined ? {} : { items: { ...items } };
  }
}
