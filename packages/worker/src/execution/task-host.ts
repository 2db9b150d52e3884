import { setImmediate } from 'node:timers/promises';
import { evaluateTemplate, type PlanCall } from '@summit/maestro-manifest';
import { type DeclaredTask, InvalidInputError, outputOfInput, pureContext, TaskError } from '@summit/maestro-sdk';
import { DEFAULT_RETRY } from '../interpreter/backoff.ts';
import { RunCancelled } from '../interpreter/durable.ts';
import type { DurableWaits, TaskCall, TaskHost, TaskTraits } from '../interpreter/host.ts';
import { failure, messageOf, type Outcome } from '../interpreter/outcome.ts';
import { nameOf } from '../interpreter/subject.ts';
import type { TaskRegistry } from '../packages/tasks.ts';
import { WorkerStopping, withAttemptSignal } from './attempt-signal.ts';
import { toFailure } from './failure.ts';
import { placeholder, shownInput } from './preview.ts';
import { Redactor } from './redact.ts';
import { runContext, type StepRunner, type WorkerServices } from './run-context.ts';
import { describeErrors, SchemaCache } from './schemas.ts';
import { resolveSecrets } from './secret-refs.ts';
import { Slots } from './slots.ts';

/** Milliseconds an attempt may take where neither the manifest nor the task says otherwise. */
export const DEFAULT_TIMEOUT_MS = 15 * 60_000;

/** How long pure calls may follow each other before the rest of the process gets its turn, in milliseconds. */
const SLICE_MS = 10;

/** Executes the tasks of a plan with a worker's installed code: input schema, validate, execute, output schema. */
export class WorkerTaskHost implements TaskHost {
  readonly #registry: TaskRegistry;
  readonly #services: WorkerServices;
  readonly inlineLimit: number;
  readonly #schemas = new SchemaCache();
  readonly #initialised = new WeakMap<DeclaredTask, Promise<void>>();
  /** Aborted when no attempt may begin here any more. */
  readonly #draining = new AbortController();
  readonly #stopping = new AbortController();
  readonly #slots: Slots;
  readonly #running = new Set<Promise<unknown>>();
  #yielded = 0;

  /** `inlineLimit`: largest output in bytes of JSON. `tasksAtOnce`: attempts at the same time, the others wait for their turn. */
  constructor(registry: TaskRegistry, services: WorkerServices, inlineLimit: number, tasksAtOnce = Number.POSITIVE_INFINITY) {
    this.#registry = registry;
    this.#services = services;
    this.inlineLimit = inlineLimit;
    this.#slots = new Slots(tasksAtOnce);
  }

  /** Attempts that are on or wait for their turn. */
  get running(): number {
    return this.#running.size;
  }

  traits(call: PlanCall): TaskTraits | undefined {
    const declared = this.#registry.get(call.uses)?.task;
    if (declared === undefined) return undefined;
    const durable = declared.durable === true;
    // What waits for people or the clock must not be ended by a limit that nobody set.
    const timeout = call.timeout ?? declared.timeout ?? (durable ? undefined : DEFAULT_TIMEOUT_MS);
    return {
      durable,
      effect: declared.effect,
      retry: call.retry ?? declared.retry ?? DEFAULT_RETRY,
      ...(timeout === undefined ? {} : { timeout }),
    };
  }

  execute(call: TaskCall): Promise<Outcome> {
    return this.#track(this.#inTurn(call.signal, () => this.#attempt(call, undefined)));
  }

  evaluate(call: TaskCall): Promise<Outcome | undefined> {
    return this.#track(this.#evaluate(call));
  }

  executeDurable(call: TaskCall, waits: DurableWaits): Promise<Outcome> {
    return this.#attempt(call, waits);
  }

  preview(call: TaskCall): Promise<Outcome> {
    return this.#track(this.#preview(call));
  }

  /** Begins no attempt any more, and lets running ones finish for up to `drainMs`; then they are aborted. They run again elsewhere. */
  async stop(drainMs: number): Promise<void> {
    this.#draining.abort(new WorkerStopping());
    const drained = Promise.allSettled(this.#running);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([drained, new Promise((resolve) => (timer = setTimeout(resolve, drainMs)))]);
    clearTimeout(timer);
    this.#stopping.abort(new WorkerStopping());
    await Promise.allSettled(this.#running);
  }

  async #attempt(call: TaskCall, waits: DurableWaits | undefined): Promise<Outcome> {
    const redactor = new Redactor();
    const task = this.#registry.get(call.call.uses)?.task;
    const traits = this.traits(call.call);
    if (task === undefined || traits === undefined) return failure('TASK_NOT_INSTALLED', `${call.call.uses.name} is not installed`);
    const step: StepRunner = (name, run) => this.#track(this.#inTurn(call.signal, () => this.#step(call, task, name, redactor, run)));
    return this.#outcome(redactor, async () => {
      const { payload, output } = await withAttemptSignal(
        {
          cancelled: call.signal,
          // A durable task rests in the engine, which takes it elsewhere when this worker stops; its timeout is the run's timer.
          ...(waits ? {} : { stopping: this.#stopping.signal }),
          timeoutMs: waits ? undefined : traits.timeout,
          what: `task ${nameOf(call.subject)}`,
        },
        async (signal) => {
          const context = runContext(call, task, this.#services, signal, redactor, waits && { waits, step });
          const { payload } = await this.#input(call, task, redactor);
          await this.#init(task, context);
          await task.validate?.({ payload });
          const result = await task.execute(context, { payload });
          return { payload, output: result?.payload };
        },
      );
      return { ok: true, output: this.#output(task, payload, redactor.value(output)) };
    });
  }

  /** Waits for a place among the attempts of this worker. */
  async #inTurn(cancelled: AbortSignal, work: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#draining.signal.aborted) throw this.#draining.signal.reason;
    try {
      return await this.#slots.use([cancelled, this.#draining.signal], work);
    } catch (error) {
      if (error instanceof RunCancelled) return failure('RUN_CANCELLED', error.message);
      throw error;
    }
  }

  async #evaluate(call: TaskCall): Promise<Outcome | undefined> {
    const redactor = new Redactor();
    const task = this.#registry.get(call.call.uses)?.task;
    if (task?.pure === undefined) return undefined;
    let remembered = false;
    const outcome = await this.#outcome(redactor, async () => {
      const { payload } = await this.#input(call, task, redactor);
      // A secret may be another one when the run is replayed.
      remembered = redactor.used || task.pure?.(payload) !== true;
      if (remembered) return { ok: true, output: undefined };
      // Neither timeout nor shutdown ends it: they would be elsewhere in a replay.
      const context = pureContext(runContext(call, task, this.#services, call.signal, redactor, undefined));
      await task.validate?.({ payload });
      const result = await task.execute(context, { payload });
      return { ok: true, output: this.#output(task, payload, result?.payload) };
    });
    // Many calls in a row leave no room for anything else in this process.
    if (performance.now() - this.#yielded > SLICE_MS) {
      await setImmediate();
      this.#yielded = performance.now();
    }
    if (remembered) return undefined;
    // It would fail in the same way again.
    return outcome.ok ? outcome : { ok: false, error: { ...outcome.error, retryable: false } };
  }

  /** A step of a durable task, as it will be remembered. */
  #step(call: TaskCall, task: DeclaredTask, name: string, redactor: Redactor, run: (signal: AbortSignal) => Promise<unknown>) {
    const what = `step ${name} of task ${nameOf(call.subject)}`;
    return this.#outcome(redactor, async () => {
      const signals = { cancelled: call.signal, stopping: this.#stopping.signal, timeoutMs: undefined, what };
      const value = await withAttemptSignal(signals, run);
      return { ok: true, output: value === undefined ? undefined : this.#plain(`${task.name}, step ${name},`, redactor.value(value)) };
    });
  }

  /** What comes of `work`, with failures as values; only that this worker is stopping is thrown. */
  async #outcome(redactor: Redactor, work: () => Promise<Outcome>): Promise<Outcome> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkerStopping) throw error;
      if (error instanceof RunCancelled) return failure('RUN_CANCELLED', error.message);
      return { ok: false, error: redactor.value(toFailure(error)) };
    }
  }

  async #preview(call: TaskCall): Promise<Outcome> {
    const redactor = new Redactor();
    const task = this.#registry.get(call.call.uses)?.task;
    if (task === undefined) return failure('TASK_NOT_INSTALLED', `${call.call.uses.name} is not installed`);
    try {
      const { payload, template } = await this.#input(call, task, redactor);
      await task.validate?.({ payload });
      const resources = redactor.value(task.resources?.(payload) ?? []);
      const input = shownInput(template, this.inlineLimit);
      return {
        ok: true,
        output: placeholder(task, this.#schemas, payload),
        preview: { resources, ...(input === undefined ? {} : { input }) },
      };
    } catch (error) {
      return { ok: false, error: redactor.value(toFailure(error)) };
    }
  }

  /** The call's input as the task gets it, and as it may be shown. */
  async #input(call: TaskCall, task: DeclaredTask, redactor: Redactor): Promise<{ payload: unknown; template: unknown }> {
    const name = nameOf(call.subject);
    let template: unknown;
    try {
      template = call.input === undefined ? evaluateTemplate(call.call.with, call.scope) : call.input.value;
    } catch (cause) {
      throw TaskError.terminal('EXPRESSION_FAILED', `input of task ${name}: ${messageOf(cause)}`, { cause });
    }
    const payload = await resolveSecrets(template, async (name) => {
      const value = await this.#services.secret(name);
      redactor.add(value);
      return value;
    });
    const validate = this.#schemas.of(task).input;
    if (!validate(payload)) {
      throw new InvalidInputError(`input of task ${name} does not fit ${task.name}@${task.version}: ${describeErrors(validate.errors)}`);
    }
    return { payload, template };
  }

  #init(task: DeclaredTask, context: Parameters<NonNullable<DeclaredTask['init']>>[0]): Promise<void> | undefined {
    if (task.init === undefined) return undefined;
    let done = this.#initialised.get(task);
    if (done === undefined) {
      const started = Promise.resolve(task.init(context));
      started.catch(() => this.#initialised.delete(task));
      this.#initialised.set(task, started);
      done = started;
    }
    return done;
  }

  /** The output as it will be remembered: plain JSON within the limit, as the task's schema says. */
  #output(task: DeclaredTask, input: unknown, payload: unknown): unknown {
    const output = this.#plain(task.name, payload);
    const validate = this.#schemas.of(task).output;
    if (!validate(output)) {
      throw TaskError.terminal(
        'OUTPUT_INVALID',
        `${task.name}@${task.version} returned what its own schema forbids: ${describeErrors(validate.errors)}`,
      );
    }
    const { required = [] } = outputOfInput(task, input) as { required?: string[] };
    const missing = required.find((name) => typeof output !== 'object' || output === null || !Object.hasOwn(output, name));
    if (missing !== undefined) {
      throw TaskError.terminal('OUTPUT_INVALID', `${task.name}@${task.version} left out ${missing}, which it promises for this input`);
    }
    return output;
  }

  /** A value as plain JSON within the limit. */
  #plain(name: string, payload: unknown): unknown {
    let text: string;
    try {
      text = JSON.stringify(payload) ?? 'null';
    } catch (cause) {
      throw TaskError.terminal('OUTPUT_NOT_JSON', `${name} returned something that is no JSON: ${(cause as Error).message}`, {
        cause,
      });
    }
    const size = Buffer.byteLength(text);
    if (size > this.inlineLimit) {
      throw TaskError.terminal(
        'OUTPUT_TOO_LARGE',
        `${name} returned ${size} bytes, more than the ${this.inlineLimit} that are carried inline; have it write an artifact`,
      );
    }
    return JSON.parse(text) as unknown;
  }

  #track<T>(work: Promise<T>): Promise<T> {
    this.#running.add(work);
    const done = () => this.#running.delete(work);
    work.then(done, done);
    return work;
  }
}
