import type { Decision, Json, JsonObject } from '@summit/maestro-sdk';
import { nameOf } from '../interpreter/subject.ts';
import type { RunError, RunEvent, TaskPhase } from '../run.ts';
import type { FailedAttempt, ItemDetail, RunDetail, RunSummary, TaskDetail } from './history.ts';
import { RUN_LOST } from './lost.ts';

/** A run with its tasks, as its events tell; their order does not matter. */
export function detailOf(summary: RunSummary, events: readonly RunEvent[]): RunDetail {
  const fold = new Fold(summary);
  const ordered = [...events].sort((a, b) => sequenceOf(a) - sequenceOf(b));
  for (const event of ordered) fold.add(event);
  return { ...fold.detail, events: events.length };
}

/** The interpreter numbers its events; `queued` comes before them. */
function sequenceOf({ id }: RunEvent): number {
  const number = Number(id.slice(id.lastIndexOf('/') + 1));
  return Number.isNaN(number) ? -1 : number;
}

class Fold {
  readonly detail: RunDetail;
  readonly #tasks = new Map<string, TaskDetail>();
  readonly #items = new Map<string, ItemDetail>();

  constructor(summary: RunSummary) {
    this.detail = { ...summary, taskTree: [], decisions: [], compensations: [], events: 0 };
  }

  add({ type, data, time }: RunEvent): void {
    switch (type) {
      case 'run.queued':
        this.#queued(data);
        return;
      case 'run.started':
        for (const id of (data.tasks ?? []) as string[]) this.#task(id);
        return;
      case 'run.finished':
        // What was concluded counts for nothing where the true end was told.
        if (isLost(data) && this.detail.error?.code !== RUN_LOST) return;
        if (data.outputs !== undefined) this.detail.outputs = data.outputs as JsonObject;
        // The row has the beginning of a long message.
        if (data.error !== undefined) this.detail.error = data.error as unknown as RunError;
        return;
      case 'decision.made':
        this.detail.decisions.push(data as unknown as Decision & { name: string });
        return;
      case 'task.started':
        this.#started(data, time);
        return;
      case 'task.attempt-failed':
        this.#attemptFailed(data, time);
        return;
      case 'task.succeeded':
      case 'task.failed':
        this.#taskEnded(type === 'task.succeeded', data, time);
        return;
      case 'task.skipped':
        Object.assign(this.#task(String(data.task)), { status: 'skipped', endedAt: time, reason: String(data.message ?? data.reason) });
        return;
      case 'task.item-started':
        Object.assign(this.#item(data), { status: 'running', startedAt: time });
        return;
      case 'task.item-succeeded':
      case 'task.item-failed':
        end(this.#item(data), type === 'task.item-succeeded', data, time);
        return;
      case 'task.compensating':
        this.detail.compensations.push({
          task: String(data.task),
          ...itemOf(data),
          uses: String(data.uses),
          status: 'running',
          attempts: 0,
        });
        return;
      case 'task.compensated':
      case 'task.compensation-failed':
        this.#compensated(type === 'task.compensated', data);
        return;
      default:
    }
  }

  #queued(data: JsonObject): void {
    this.detail.inputs = data.inputs as JsonObject;
    this.detail.initiatorRoles = (data.initiator as { roles?: string[] } | undefined)?.roles ?? [];
  }

  #started(data: JsonObject, time: string): void {
    const task = this.#task(String(data.task));
    Object.assign(task, { status: 'running', startedAt: time, uses: String(data.uses) });
    if (data.phase !== undefined) task.phase = data.phase as TaskPhase;
    if (data.items !== undefined) {
      task.items ??= [];
      task.itemCounts = { total: Number(data.items), succeeded: 0, failed: 0 };
    }
  }

  #attemptFailed(data: JsonObject, time: string): void {
    const failed: FailedAttempt = { attempt: Number(data.attempt), at: time, error: data.error as unknown as RunError, ...itemOf(data) };
    if (data.retryInMs !== undefined) failed.retryInMs = Number(data.retryInMs);
    if (data.compensation === true) failed.compensation = true;
    const task = this.#task(String(data.task));
    task.failedAttempts ??= [];
    task.failedAttempts.push(failed);
    if (typeof data.item !== 'number' && data.compensation !== true) task.attempts = failed.attempt;
  }

  #taskEnded(well: boolean, data: JsonObject, time: string): void {
    const task = this.#task(String(data.task));
    end(task, well, data, time);
    // Of one that was taken over nothing else tells it.
    if (typeof data.uses === 'string') task.uses ??= data.uses;
    if (data.items !== undefined) task.itemCounts = data.items as unknown as NonNullable<TaskDetail['itemCounts']>;
    if (data.continued === true) task.continued = true;
  }

  #compensated(well: boolean, data: JsonObject): void {
    const name = nameOf({ task: String(data.task), ...itemOf(data) });
    const record = this.detail.compensations.findLast((one) => nameOf(one) === name && one.status === 'running');
    if (record === undefined) return;
    record.status = well ? 'compensated' : 'failed';
    record.attempts = Number(data.attempts);
    if (data.error !== undefined) record.error = data.error as unknown as RunError;
  }

  /** The task of that id, which is put where it belongs when it is heard of first. */
  #task(id: string): TaskDetail {
    const there = this.#tasks.get(id);
    if (there !== undefined) return there;
    const task: TaskDetail = { id, status: 'pending', attempts: 0 };
    this.#tasks.set(id, task);
    const slash = id.lastIndexOf('/');
    if (slash < 0) this.detail.taskTree.push(task);
    else {
      const parent = this.#parent(id.slice(0, slash));
      parent.tasks ??= [];
      parent.tasks.push(task);
    }
    return task;
  }

  /** What a sub-workflow is: a task, or an item of one. */
  #parent(name: string): TaskDetail | ItemDetail {
    const item = /^(.*)\[(\d+)\]$/.exec(name);
    return item === null ? this.#task(name) : this.#item({ task: item[1] as string, item: Number(item[2]) });
  }

  #item(data: JsonObject): ItemDetail {
    const subject = { task: String(data.task), item: Number(data.item) };
    const name = nameOf(subject);
    const there = this.#items.get(name);
    if (there !== undefined) return there;
    const item: ItemDetail = { item: subject.item, status: 'pending', attempts: 0 };
    this.#items.set(name, item);
    const task = this.#task(subject.task);
    task.items ??= [];
    task.items.push(item);
    return item;
  }
}

function end(execution: TaskDetail | ItemDetail, well: boolean, data: JsonObject, time: string): void {
  execution.status = well ? 'succeeded' : data.status === 'cancelled' ? 'cancelled' : 'failed';
  execution.endedAt = time;
  execution.attempts = Number(data.attempts);
  if (data.error !== undefined) execution.error = data.error as unknown as RunError;
  if (data.output !== undefined) execution.output = data.output as Json;
  if (data.reused === true) execution.reused = true;
  if (data.previewed === true) execution.previewed = true;
}

function isLost({ error }: JsonObject): boolean {
  return (error as { code?: unknown } | undefined)?.code === RUN_LOST;
}

function itemOf({ item }: JsonObject): { item?: number } {
  return typeof item === 'number' ? { item } : {};
}
