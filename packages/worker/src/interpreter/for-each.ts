import { evaluateTemplate, type PlanForEach } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError, TaskRecord } from '../run.ts';
import type { Activity, CallSpec, Ending, Frame } from './activity.ts';
import type { Scope } from './host.ts';
import { eventError, messageOf, type TaskFailure } from './outcome.ts';
import { Pump } from './pump.ts';
import { nameOf, subjectData } from './subject.ts';

/** Items at the same time where the manifest does not say. */
export const DEFAULT_MAX_PARALLEL = 10;
/** Most items at the same time: each turn of the loop looks at all that run. */
const MOST_PARALLEL = 1_000;
/** Longest list; each item is a step that the engine remembers for the whole run. */
const MAX_ITEMS = 100_000;

/** The list that a task goes over, or why there is none. */
export function itemsOf(task: string, forEach: PlanForEach, scope: Scope): { items: unknown[] } | { error: TaskFailure } {
  const fail = (message: string) => ({
    error: { code: 'EXPRESSION_FAILED', message: `forEach of task ${task} ${message}`, retryable: false, task },
  });
  let items: unknown;
  try {
    items = evaluateTemplate(forEach.in, scope);
  } catch (error) {
    return fail(messageOf(error));
  }
  if (!Array.isArray(items)) return fail(`needs a list, and got ${items === null ? 'null' : typeof items}`);
  if (items.length > MAX_ITEMS)
    return fail(`got ${items.length} items, more than the ${MAX_ITEMS} of one task; split the list over several runs`);
  return { items };
}

/** Of a list of executions, how many there are and how they ended. */
export interface ItemCounts {
  total: number;
  succeeded: number;
  failed: number;
}

/** What a list needs beyond the call that each of its items is. */
export interface ForEachSpec extends CallSpec {
  forEach: PlanForEach;
  items: unknown[];
  /** Called for every item, when it has ended. */
  onItem(index: number, item: unknown, ending: Ending): void;
}

/** A task once per item of a list: each an execution of its own, started in order, so many at a time. */
export class ForEach implements Activity {
  readonly #frame: Frame;
  readonly #spec: ForEachSpec;
  readonly #max: number;
  readonly #pump = new Pump(() => this.#work());
  readonly #running = new Map<number, Activity>();
  readonly #outputs: unknown[] = [];
  readonly #records: TaskRecord[][] = [];
  readonly counts: ItemCounts;
  #next = 0;
  #attempts = 0;
  /** Of the outputs, as the list they will be. */
  #bytes = 2;
  #failed: RunError | undefined;
  #stopped: RunError | undefined;
  #ended = false;

  constructor(frame: Frame, spec: ForEachSpec) {
    this.#frame = frame;
    this.#spec = spec;
    this.#max = Math.min(Math.max(1, spec.forEach.maxParallel ?? DEFAULT_MAX_PARALLEL), MOST_PARALLEL);
    this.counts = { total: spec.items.length, succeeded: 0, failed: 0 };
  }

  start(): Promise<void> {
    return this.#pump.run();
  }

  async stop(error: RunError): Promise<void> {
    this.#stopped ??= error;
    for (const activity of [...this.#running.values()]) await activity.stop(error);
    await this.#pump.run();
  }

  async drain(): Promise<void> {
    for (const activity of [...this.#running.values()]) await activity.drain();
    await this.#pump.run();
  }

  get #halted(): boolean {
    return this.#failed !== undefined || this.#stopped !== undefined || !this.#spec.mayStart();
  }

  async #work(): Promise<void> {
    while (this.#running.size < this.#max && this.#next < this.counts.total && !this.#halted) await this.#begin(this.#next++);
    if (this.#running.size > 0 || this.#ended) return;
    if (this.#next < this.counts.total && !this.#halted) return;
    this.#ended = true;
    await this.#end();
  }

  #begin(index: number): Promise<void> {
    const { call, pool, scope, workflow, items } = this.#spec;
    const subject = { ...this.#spec.subject, item: index };
    const item = items[index];
    const { takenOver } = this.#frame;
    const known = takenOver.result(nameOf(subject));
    if (known !== undefined) return this.#itemEnded(index, item, { status: 'succeeded', output: known.output, attempts: 0 }, true);
    const begunIn = takenOver.begunIn(nameOf(subject));
    this.#frame.events.emit('task.item-started', { ...subjectData(subject), ...(begunIn === undefined ? {} : { begunIn }) });
    const activity = this.#frame.activity({
      call,
      ...(pool === undefined ? {} : { pool }),
      subject,
      workflow,
      scope: { ...scope, item, index },
      // The first item that fails is the end of the others' attempts as well.
      mayStart: () => this.#failed === undefined && this.#spec.mayStart(),
      onEnd: (ending) => this.#itemEnded(index, item, ending),
    });
    this.#running.set(index, activity);
    return activity.start();
  }

  async #itemEnded(index: number, item: unknown, ending: Ending, reused = false): Promise<void> {
    this.#running.delete(index);
    this.#attempts += ending.attempts;
    if (ending.records !== undefined) this.#records[index] = ending.records;
    this.#spec.onItem(index, item, ending);
    const of = subjectData({ ...this.#spec.subject, item: index });
    if (ending.status === 'succeeded') {
      this.counts.succeeded += 1;
      this.#outputs[index] = ending.output;
    } else if (ending.status === 'failed') {
      this.counts.failed += 1;
      this.#outputs[index] = null;
    }
    const { succeeded, failed, total } = this.counts;
    const data: JsonObject = { ...of, attempts: ending.attempts, done: succeeded + failed, total };
    if (ending.status === 'succeeded') {
      const previewed = ending.preview === undefined ? {} : { previewed: true };
      this.#frame.events.emit('task.item-succeeded', {
        ...data,
        output: ending.output as JsonObject,
        ...previewed,
        ...(reused ? { reused } : {}),
      });
    } else this.#frame.events.emit('task.item-failed', { ...data, status: ending.status, error: eventError(ending.error) });
    if (ending.status === 'failed' && this.#spec.forEach.onError !== 'continue') await this.#fail(ending.error);
    else await this.#measure(this.#outputs[index]);
    await this.#pump.run();
  }

  /** All outputs together are one output, and have its limit: told as soon as it is reached, not after the last effect. */
  async #measure(output: unknown): Promise<void> {
    this.#bytes += Buffer.byteLength(JSON.stringify(output ?? null)) + 1;
    const { inlineLimit } = this.#frame.host;
    if (this.#bytes <= inlineLimit || this.#failed !== undefined) return;
    const { succeeded, failed, total } = this.counts;
    const { task } = this.#spec.subject;
    await this.#fail({
      code: 'OUTPUT_TOO_LARGE',
      message: `the outputs of ${succeeded + failed} of ${total} items of task ${task} are more than the ${inlineLimit} bytes that are carried inline; have the items return less, or write artifacts`,
      task,
      retryable: false,
    });
  }

  async #fail(error: RunError): Promise<void> {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    for (const activity of [...this.#running.values()]) await activity.drain();
  }

  #end(): void | Promise<void> {
    const { subject, onEnd } = this.#spec;
    const more = { attempts: this.#attempts, records: this.#records.flat() };
    const { total, succeeded, failed } = this.counts;
    if (this.#failed !== undefined) return onEnd({ status: 'failed', error: this.#failed, ...more });
    if (succeeded + failed === total) return onEnd({ status: 'succeeded', output: this.#outputs, ...more });
    const error = this.#stopped ?? {
      code: 'WORKFLOW_FAILED',
      message: `task ${subject.task} ended after ${succeeded + failed} of ${total} items, because its workflow had failed`,
    };
    return onEnd({ status: 'cancelled', error: { ...error, task: subject.task }, ...more });
  }
}
