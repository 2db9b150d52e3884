import type { PlanCall } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError } from '../run.ts';
import type { Activity, CallSpec, Ending, Frame } from './activity.ts';
import { backoff } from './backoff.ts';
import { type PoolAttempt, RunCancelled } from './durable.ts';
import { DurableAttempt } from './durable-attempt.ts';
import type { TaskCall, TaskTraits } from './host.ts';
import { eventError, failure, messageOf, type Outcome, type Preview, type TaskFailure } from './outcome.ts';
import { DEFAULT_POOL, poolCall } from './pool-call.ts';
import { nameOf, subjectData } from './subject.ts';

/** Largest input that is sent to the workers of a pool, in bytes of JSON: it is kept in the run's journal. */
const MAX_POOL_INPUT = 4 * 1024 * 1024;
/**
 * How long an attempt in a pool that was cancelled may take to end, in milliseconds, as on whoever walks the run. A pool whose workers
 * are gone cannot hold up the run: should one of them take the attempt later, it ends there before it has begun.
 */
const POOL_GRACE_MS = 10_000;

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
  /** Present while the attempt is one of a pool's workers. */
  #remote: { name: string; attempt: PoolAttempt } | undefined;
  /** How often the attempt that is on was asked for. */
  #calls = 0;
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
    if (!previewed && spec.pool !== undefined && spec.pool !== DEFAULT_POOL && frame.durable.callPool !== undefined)
      return this.#callPool(spec.pool, what);
    if (frame.run.pure?.includes(`${call.uses.name}@${call.uses.version}`)) {
      const outcome = await frame.host.evaluate(what);
      if (outcome !== undefined) return this.#settle(outcome);
    }
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
    if (attempt === undefined || attempt.signal.aborted) return;
    attempt.abort(new RunCancelled());
    this.#cancelRemote();
    await this.#durable?.abort(new RunCancelled());
  }

  async drain(): Promise<void> {
    if (this.#waiting === undefined || this.#spec.mayStart()) return;
    this.#frame.loop.forget(this.#waiting.key);
    await this.#end({ status: 'failed', error: this.#waiting.after });
  }

  /** Has a worker of the pool execute the attempt. Its retries stay here. */
  async #callPool(pool: string, what: TaskCall): Promise<void> {
    const { durable, loop } = this.#frame;
    let call: ReturnType<typeof poolCall>;
    try {
      call = poolCall(what);
    } catch (error) {
      return this.#settle(failure('EXPRESSION_FAILED', `input of task ${this.#name}: ${messageOf(error)}`));
    }
    const bytes = Buffer.byteLength(JSON.stringify(call.input));
    if (bytes > MAX_POOL_INPUT) {
      const message = `the input of task ${this.#name} is ${bytes} bytes, more than the ${MAX_POOL_INPUT} that are sent to a pool; have it read an artifact`;
      return this.#settle(failure('INPUT_TOO_LARGE', message));
    }
    this.#calls += 1;
    const name = `${this.#name}#${this.#attempts}${this.#calls === 1 ? '' : `~${this.#calls}`}`;
    const attempt = durable.callPool?.(pool, name, call);
    if (attempt === undefined) throw new Error('the engine has no pools');
    this.#remote = { name, attempt };
    loop.on(name, attempt.outcome, async (outcome) => {
      this.#forgetRemote();
      // A cancel of the run ends the calls it made, also those of tasks that a cancel does not stop: they are called again.
      if (!outcome.ok && outcome.error.code === 'RUN_CANCELLED' && this.#stopped === undefined) return this.#callPool(pool, what);
      return this.#settle(outcome);
    });
  }

  #cancelRemote(): void {
    const remote = this.#remote;
    if (remote === undefined) return;
    const { name, attempt } = remote;
    const { durable, loop } = this.#frame;
    loop.on(`${name}/accepted`, attempt.accepted, (accepted) => attempt.cancel(accepted));
    loop.on(`${name}/grace`, durable.sleep(`${name}/grace`, POOL_GRACE_MS), () => {
      loop.forget(name);
      this.#forgetRemote();
      return this.#settle(failure('RUN_CANCELLED', 'the run was cancelled, and the pool has not answered since'));
    });
  }

  #forgetRemote(): void {
    const name = this.#remote?.name;
    this.#remote = undefined;
    for (const key of [`${name}/accepted`, `${name}/grace`]) this.#frame.loop.forget(key);
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
    this.#calls = 0;
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
