import type { PlanCall } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError } from '../run.ts';
import type { Activity, CallSpec, Ending, Frame } from './activity.ts';
import { backoff } from './backoff.ts';
import { RunCancelled } from './durable.ts';
import { DurableAttempt } from './durable-attempt.ts';
import type { TaskCall, TaskTraits } from './host.ts';
import { eventError, failure, type Outcome, type Preview, type TaskFailure } from './outcome.ts';
import { nameOf, subjectData } from './subject.ts';

/** The attempts of one task, one item of it or one compensation, with the waits between them. */
export class Execution implements Activity {
  readonly #frame: Frame;
  readonly #spec: CallSpec;
  readonly #name: string;
  #attempts = 0;
  #stopped: RunError | undefined;
  /** Present while an attempt is on; aborts it. */
  #attempt: AbortController | undefined;
  /** Present while the attempt is a durable task's. */
  #durable: DurableAttempt | undefined;
  /** Present between attempts. */
  #waiting: { key: string; after: TaskFailure } | undefined;

  constructor(frame: Frame, spec: CallSpec) {
    this.#frame = frame;
    this.#spec = spec;
    this.#name = nameOf(spec.subject);
  }

  async start(): Promise<void> {
    const { frame, spec } = { frame: this.#frame, spec: this.#spec };
    const traits = frame.host.traits(spec.call);
    this.#attempts += 1;
    if (traits === undefined) return this.#settle(notInstalled(this.#name, spec.call));
    const attempt = new AbortController();
    this.#attempt = attempt;
    const { call, subject, workflow, scope } = spec;
    const what: TaskCall = { run: frame.run, call, subject, workflow, attempt: this.#attempts, scope, signal: attempt.signal };
    const begunIn = frame.takenOver.begunIn(this.#name);
    if (begunIn !== undefined) what.begunIn = begunIn;
    const name = `${this.#name}#${this.#attempts}`;
    const previewed = frame.run.dryRun === true && traits.effect === 'write';
    if (traits.durable && !previewed) return this.#startDurable(name, what, traits, attempt);
    const step = frame.durable.step(name, () => (previewed ? frame.host.preview(what) : frame.host.execute(what)));
    frame.loop.on(name, step, (outcome) => this.#settle(outcome));
  }

  async stop(error: RunError): Promise<void> {
    this.#stopped ??= error;
    if (this.#waiting !== undefined) {
      this.#frame.loop.forget(this.#waiting.key);
      return this.#end({ status: 'cancelled', error: this.#placed(this.#stopped) });
    }
    const attempt = this.#attempt;
    if (attempt === undefined) return;
    attempt.abort(new RunCancelled());
    await this.#durable?.abort(new RunCancelled());
  }

  async drain(): Promise<void> {
    if (this.#waiting === undefined || this.#spec.mayStart()) return;
    this.#frame.loop.forget(this.#waiting.key);
    await this.#end({ status: 'failed', error: this.#waiting.after });
  }

  async #startDurable(name: string, what: TaskCall, traits: TaskTraits, attempt: AbortController): Promise<void> {
    const { durable: engine, loop, approvals, host } = this.#frame;
    const timeout = `${name}/timeout`;
    const durable = new DurableAttempt(name, engine, loop, approvals);
    this.#durable = durable;
    const limit = traits.timeout;
    let late: Outcome | undefined;
    if (limit !== undefined) {
      loop.on(timeout, engine.sleep(timeout, limit), async () => {
        // From here on its own outcome counts no more.
        late = failure('TIMEOUT', `task ${this.#name} took longer than ${limit} ms`, { retryable: true });
        attempt.abort(new RunCancelled());
        await durable.abort(new RunCancelled());
      });
    }
    await durable.start(
      (waits) => host.executeDurable(what, waits),
      (outcome) => {
        if (this.#durable !== durable) return;
        loop.forget(timeout);
        return this.#settle(late ?? outcome);
      },
    );
  }

  /** Takes the outcome of an attempt: done, once more after a wait, or failed. */
  async #settle(outcome: Outcome): Promise<void> {
    this.#attempt = undefined;
    this.#durable = undefined;
    if (outcome.ok) {
      const { output, preview } = outcome;
      if (preview !== undefined)
        this.#frame.events.emit('task.previewed', { ...subjectData(this.#spec.subject), ...plainPreview(preview) });
      return this.#end({ status: 'succeeded', output, ...(preview === undefined ? {} : { preview }) });
    }
    const failed: TaskFailure = { ...outcome.error, ...this.#place() };
    if (this.#stopped !== undefined && failed.code === 'RUN_CANCELLED')
      return this.#end({ status: 'cancelled', error: this.#placed(this.#stopped) });
    const { subject, call, mayStart } = this.#spec;
    const retry = this.#frame.host.traits(call)?.retry;
    const again =
      failed.retryable && retry !== undefined && this.#attempts < retry.maxAttempts && this.#stopped === undefined && mayStart();
    const seed = `${this.#frame.run.runId}/${this.#name}`;
    const waitMs = again ? Math.max(backoff(retry, this.#attempts, seed), failed.retryAfterMs ?? 0) : undefined;
    this.#frame.events.emit('task.attempt-failed', {
      ...subjectData(subject),
      attempt: this.#attempts,
      error: eventError(failed),
      ...(waitMs === undefined ? {} : { retryInMs: waitMs }),
    });
    if (waitMs === undefined) return this.#end({ status: 'failed', error: failed });
    const key = `${this.#name}#${this.#attempts}/retry`;
    this.#waiting = { key, after: failed };
    this.#frame.loop.on(key, this.#frame.durable.sleep(key, waitMs), () => {
      this.#waiting = undefined;
      return this.start();
    });
  }

  #end(ending: DistributiveOmit<Ending, 'attempts'>): void | Promise<void> {
    this.#waiting = undefined;
    return this.#spec.onEnd({ ...ending, attempts: this.#attempts });
  }

  #place(): Pick<RunError, 'task' | 'item'> {
    const { task, item } = this.#spec.subject;
    return { task, ...(item === undefined ? {} : { item }) };
  }

  #placed(error: RunError): RunError {
    return { ...error, ...this.#place() };
  }
}

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

function plainPreview({ resources, input }: Preview): JsonObject {
  return { resources: resources.map(({ type, id }) => ({ type, id })), ...(input === undefined ? {} : { input }) };
}

function notInstalled(name: string, { uses }: PlanCall): Outcome {
  return failure(
    'TASK_NOT_INSTALLED',
    `task ${name} needs ${uses.name}@${uses.version} with contract ${uses.digest}, which this worker does not have`,
  );
}
