import { evaluateTemplate, type PlanBody } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError, RunStatus, TaskPhase, TaskRecord } from '../run.ts';
import type { Frame } from './activity.ts';
import { Compensations } from './compensations.ts';
import type { Scope, WorkflowIdentity } from './host.ts';
import { messageOf } from './outcome.ts';
import { hookScope, workflowScope } from './scope.ts';
import { Section } from './section.ts';
import type { Undo } from './undo.ts';

/** How a workflow ended. */
export interface WorkflowEnd {
  status: RunStatus;
  outputs?: JsonObject;
  error?: RunError;
  records: TaskRecord[];
  /** What it did and has not undone, in order of completion. */
  undo: Undo[];
}

export interface WorkflowWalkSpec {
  body: PlanBody;
  workflow: WorkflowIdentity;
  /** Before the ids of its tasks: empty, or `parent/`. */
  prefix: string;
  params: Record<string, unknown>;
  run: Scope['run'];
  /** For its tasks; what is done after them takes as long as it takes. */
  timeout?: { ms: number; error: RunError };
  /** Called once. */
  onEnd(end: WorkflowEnd): void | Promise<void>;
}

/**
 * One workflow from its first task to its last: `tasks`; unless they succeeded, undoing and `onFailure`; at last `finally`.
 * The first of failure, timeout and cancel decides how it ends; from undoing on nothing stops it any more.
 */
export class WorkflowWalk {
  readonly #frame: Frame;
  readonly #spec: WorkflowWalkSpec;
  readonly #scope: Scope;
  readonly #compensations: Compensations;
  readonly #sections: Section[] = [];
  readonly #timer: string;
  /** Present while its tasks run. */
  #tasks: Section | undefined;
  #status: RunStatus = 'succeeded';
  #error: RunError | undefined;
  #outputs: JsonObject | undefined;

  constructor(frame: Frame, spec: WorkflowWalkSpec) {
    this.#frame = frame;
    this.#spec = spec;
    const { params, run, body, prefix } = spec;
    this.#scope = workflowScope(params, run, [body.tasks, body.onFailure ?? [], body.finally ?? []]);
    this.#compensations = new Compensations(frame);
    this.#timer = `${prefix}timeout`;
  }

  start(): Promise<void> {
    const { body, timeout } = this.#spec;
    const tasks = this.#section(body.tasks, this.#scope, undefined, () => this.#tasksEnded(tasks));
    this.#tasks = tasks;
    if (timeout !== undefined) {
      const timer = this.#frame.durable.sleep(this.#timer, timeout.ms);
      this.#frame.loop.on(this.#timer, timer, () => this.stop('failed', timeout.error));
    }
    return tasks.start();
  }

  /** Stops its tasks; changes nothing once they have ended. */
  async stop(status: 'failed' | 'cancelled', error: RunError): Promise<void> {
    const tasks = this.#tasks;
    if (tasks === undefined) return;
    if (tasks.error === undefined) this.#settle(status, error);
    await tasks.stop(error);
  }

  async #tasksEnded(tasks: Section): Promise<void> {
    this.#tasks = undefined;
    this.#frame.loop.forget(this.#timer);
    if (tasks.error !== undefined) this.#settle('failed', tasks.error);
    if (this.#status === 'succeeded') this.#computeOutputs();
    if (this.#status === 'succeeded') {
      this.#passOver('onFailure');
      return this.#finally();
    }
    await this.#compensations.undo(() => this.#onFailure());
  }

  #onFailure(): Promise<void> {
    if (this.#status === 'failed') return this.#hooks('onFailure', () => this.#finally());
    this.#passOver('onFailure');
    return this.#finally();
  }

  #finally(): Promise<void> {
    return this.#hooks('finally', async (section) => {
      if (section?.error !== undefined) this.#settle('failed', section.error);
      await this.#end();
    });
  }

  async #hooks(phase: TaskPhase, then: (section?: Section) => Promise<void>): Promise<void> {
    const tasks = this.#spec.body[phase] ?? [];
    if (tasks.length === 0) return then();
    const scope = hookScope(this.#scope, this.#status, this.#error);
    const section = this.#section(tasks, scope, phase, () => then(section));
    await section.start();
  }

  /** The tasks of a list that is not gone through. */
  #passOver(phase: TaskPhase): void {
    for (const { id } of this.#spec.body[phase] ?? []) this.#scope.tasks[id] = { status: 'skipped' };
  }

  #section(tasks: PlanBody['tasks'], scope: Scope, phase: TaskPhase | undefined, onEnd: () => Promise<void>): Section {
    const { prefix, workflow } = this.#spec;
    const more = phase === undefined ? { compensations: this.#compensations } : { phase };
    const section = new Section(this.#frame, { tasks, prefix, workflow, scope, onEnd, ...more });
    this.#sections.push(section);
    return section;
  }

  #computeOutputs(): void {
    const outputs: JsonObject = {};
    try {
      for (const [name, template] of Object.entries(this.#spec.body.outputs)) {
        outputs[name] = evaluateTemplate(template, this.#scope) as JsonObject;
      }
      this.#outputs = outputs;
    } catch (error) {
      const message = `outputs of ${this.#spec.workflow.name}: ${messageOf(error)}`;
      this.#settle('failed', { code: 'EXPRESSION_FAILED', message });
    }
  }

  /** The first call counts. */
  #settle(status: 'failed' | 'cancelled', error: RunError): void {
    if (this.#status !== 'succeeded') return;
    this.#status = status;
    this.#error = error;
  }

  async #end(): Promise<void> {
    const end: WorkflowEnd = {
      status: this.#status,
      records: this.#sections.flatMap((section) => section.records),
      undo: this.#compensations.left,
    };
    if (this.#error !== undefined) end.error = this.#error;
    if (this.#status === 'succeeded' && this.#outputs !== undefined) end.outputs = this.#outputs;
    await this.#spec.onEnd(end);
  }
}
