import { bindParameters, evaluateTemplate, type PlanTask } from '@summit/maestro-manifest';
import type { Decision, JsonObject } from '@summit/maestro-sdk';
import type { RunError, RunResult, RunStatus, TaskRecord } from '../run.ts';
import { Approvals, type Verdict } from './approvals.ts';
import { backoff } from './backoff.ts';
import { type Durable, RunCancelled } from './durable.ts';
import { DurableAttempt } from './durable-attempt.ts';
import { EventLog, type EventSink } from './events.ts';
import type { Scope, TaskHost } from './host.ts';
import { DurableLoop } from './loop.ts';
import { failure, type Outcome, type TaskFailure } from './outcome.ts';
import { approvalDigest, type RunInput, runRef } from './run-input.ts';

/**
 * Walks a plan to its end on any engine: asks for approvals, starts every task as soon as what it needs has succeeded,
 * in plan order, repeats what may be repeated, and computes the outputs. After a failure nothing new is started; what is
 * running comes to its end. Never throws for anything that goes wrong in the run itself.
 */
export function interpret(run: RunInput, durable: Durable, host: TaskHost, sink: EventSink): Promise<RunResult> {
  return new Interpreter(run, durable, host, sink).run();
}

interface Node {
  task: PlanTask;
  record: TaskRecord;
  output?: unknown;
  /** Present while an attempt is on; aborts it. */
  attempt?: AbortController;
  /** Present while the attempt is a durable task's. */
  durable?: DurableAttempt;
}

class Interpreter {
  readonly #run: RunInput;
  readonly #durable: Durable;
  readonly #host: TaskHost;
  readonly #events: EventLog;
  readonly #loop: DurableLoop;
  readonly #approvals: Approvals;
  readonly #nodes: Node[];
  readonly #scope: Scope;
  #decisions: Decision[] = [];
  #error: RunError | undefined;
  #status: RunStatus = 'succeeded';

  constructor(run: RunInput, durable: Durable, host: TaskHost, sink: EventSink) {
    this.#run = run;
    this.#durable = durable;
    this.#host = host;
    this.#events = new EventLog(run.runId, runRef(run.plan), sink);
    this.#loop = new DurableLoop(durable);
    this.#approvals = new Approvals(durable, this.#loop, this.#events, run.initiator.id);
    this.#nodes = run.plan.tasks.map((task) => ({
      task,
      record: { id: task.id, uses: `${task.uses.name}@${task.uses.version}`, status: 'pending', attempts: 0 },
    }));
    const { runId: id, startedAt, initiator } = run;
    // Without prototypes: a task may be called `constructor`.
    this.#scope = { params: Object.create(null), tasks: Object.create(null), run: { id, startedAt, dryRun: false, initiator } };
  }

  async run(): Promise<RunResult> {
    let outputs: JsonObject | undefined;
    try {
      if (await this.#approved()) {
        this.#start();
        await this.#walk();
        outputs = this.#outputs();
      }
    } catch (error) {
      if (!(error instanceof RunCancelled)) throw error;
      await this.#stop('cancelled', { code: 'RUN_CANCELLED', message: 'the run was cancelled' });
    }
    this.#skipRest();
    return this.#finish(outputs);
  }

  async #approved(): Promise<boolean> {
    const { approvals, runbook } = this.#run.plan;
    if (!approvals?.required) return true;
    let verdict: Verdict | undefined;
    const asked = this.#approvals.ask(
      'approval',
      {
        approvers: approvals.approvers,
        quorum: approvals.quorum,
        allowSelfApproval: approvals.allowSelfApproval,
        ...(approvals.expiresIn === undefined ? {} : { expiresInMs: approvals.expiresIn }),
        reason: `${this.#run.initiator.id} wants to run ${runbook?.name ?? this.#run.plan.workflow.name}`,
        digest: approvalDigest(this.#run),
      },
      (answer) => {
        verdict = answer;
      },
    );
    while (asked && verdict === undefined) await this.#loop.turn();
    if (verdict === undefined) return true;
    this.#decisions = verdict.decisions;
    if (!verdict.approved) this.#fail({ code: verdict.code, message: verdict.message });
    return verdict.approved;
  }

  /** Binds the workflow's parameters and starts the run's own clock. */
  #start(): void {
    const { plan, inputs } = this.#run;
    this.#events.emit('run.started', { ref: runRef(plan), planDigest: this.#run.planDigest, tasks: plan.tasks.map((task) => task.id) });
    const bound = bindParameters(plan, inputs, this.#scope.run as unknown as JsonObject);
    Object.assign(this.#scope.params, bound.values);
    if (bound.problems.length > 0) {
      const why = bound.problems.map(({ message }) => message).join('; ');
      this.#fail({ code: 'PARAMETER_INVALID', message: `parameters of ${plan.workflow.name}: ${why}`, details: bound.problems });
    }
    if (plan.timeout !== undefined) {
      const timeout = plan.timeout;
      this.#loop.on('timeout', this.#durable.sleep('timeout', timeout), () =>
        this.#stop('failed', { code: 'RUN_TIMEOUT', message: `the run took longer than the ${timeout} ms its workflow allows` }),
      );
    }
  }

  async #walk(): Promise<void> {
    for (;;) {
      if (this.#error === undefined) for (const node of this.#nodes) if (this.#ready(node)) await this.#attempt(node);
      if (!this.#nodes.some((node) => node.record.status === 'running')) break;
      await this.#loop.turn();
    }
    this.#loop.forget('timeout');
    const stuck = this.#nodes.filter((node) => node.record.status === 'pending').map((node) => node.task.id);
    if (stuck.length > 0) this.#fail({ code: 'PLAN_INVALID', message: `nothing that is left can ever start: ${stuck.join(', ')}` });
  }

  #ready(node: Node): boolean {
    if (this.#error !== undefined || node.record.status !== 'pending') return false;
    return node.task.needs.every((id) => this.#scope.tasks[id]?.status === 'succeeded');
  }

  /** Starts the next attempt of a task. */
  async #attempt(node: Node): Promise<void> {
    const { task, record } = node;
    const traits = this.#host.traits(task);
    record.status = 'running';
    record.attempts += 1;
    const attempt = record.attempts;
    if (attempt === 1) this.#events.emit('task.started', { task: task.id, uses: record.uses });
    if (traits === undefined) return this.#settle(node, notInstalled(task));

    const controller = new AbortController();
    node.attempt = controller;
    const call = { run: this.#run, task, attempt, scope: this.#scope, signal: controller.signal };
    const name = `${task.id}#${attempt}`;
    if (!traits.durable) {
      const step = this.#durable.step(name, () => this.#host.execute(call));
      this.#loop.on(name, step, (outcome) => this.#settle(node, outcome));
      return;
    }
    const timeout = `${name}/timeout`;
    const durable = new DurableAttempt(name, this.#durable, this.#loop, this.#approvals);
    node.durable = durable;
    if (traits.timeout !== undefined) {
      this.#loop.on(timeout, this.#durable.sleep(timeout, traits.timeout), async () => {
        const error = failure('TIMEOUT', `task ${task.id} took longer than ${traits.timeout} ms`, { retryable: true });
        delete node.durable;
        await this.#abandon(durable, controller);
        await this.#settle(node, error);
      });
    }
    await durable.start(
      (waits) => this.#host.executeDurable(call, waits),
      (outcome) => {
        if (node.durable !== durable) return;
        this.#loop.forget(timeout);
        return this.#settle(node, outcome);
      },
    );
  }

  async #abandon(durable: DurableAttempt, controller: AbortController): Promise<void> {
    controller.abort(new RunCancelled());
    await durable.abort(new RunCancelled());
  }

  /** Takes the outcome of an attempt: done, once more after a wait, or failed. */
  #settle(node: Node, outcome: Outcome): void {
    const { task, record } = node;
    delete node.attempt;
    delete node.durable;
    if (outcome.ok) {
      record.status = 'succeeded';
      delete record.error;
      this.#scope.tasks[task.id] = { status: 'succeeded', output: outcome.output };
      this.#events.emit('task.succeeded', { task: task.id, attempts: record.attempts, output: outcome.output as JsonObject });
      return;
    }
    const failed: TaskFailure = { ...outcome.error, task: task.id };
    record.error = failed;
    if (this.#status === 'cancelled' || failed.code === 'RUN_CANCELLED') {
      this.#end(node, 'cancelled', failed);
      return;
    }
    const retry = this.#host.traits(task)?.retry;
    const again = failed.retryable && retry !== undefined && record.attempts < retry.maxAttempts && this.#status !== 'failed';
    const waitMs = again ? Math.max(backoff(retry, record.attempts, `${this.#run.runId}/${task.id}`), failed.retryAfterMs ?? 0) : undefined;
    this.#events.emit('task.attempt-failed', {
      task: task.id,
      attempt: record.attempts,
      error: eventError(failed),
      ...(waitMs === undefined ? {} : { retryInMs: waitMs }),
    });
    if (waitMs === undefined) {
      this.#end(node, 'failed', failed);
      this.#fail(failed);
      return;
    }
    const name = `${task.id}#${record.attempts}/retry`;
    this.#loop.on(name, this.#durable.sleep(name, waitMs), () => this.#attempt(node));
  }

  #end(node: Node, status: 'failed' | 'cancelled' | 'skipped', error?: RunError): void {
    const id = node.task.id;
    node.record.status = status;
    this.#scope.tasks[id] = { status };
    if (status === 'skipped') this.#events.emit('task.skipped', { task: id });
    else
      this.#events.emit('task.failed', {
        task: id,
        attempts: node.record.attempts,
        status,
        ...(error ? { error: eventError(error) } : {}),
      });
  }

  #fail(error: RunError): void {
    if (this.#error !== undefined) return;
    this.#error = error;
    this.#status = 'failed';
  }

  /** Aborts everything that is on and waits until it has ended: nothing of this run goes on behind its result. */
  async #stop(status: 'failed' | 'cancelled', error: RunError): Promise<void> {
    this.#status = status;
    this.#error = error;
    this.#loop.forget('timeout');
    for (const node of this.#nodes) {
      if (node.record.status !== 'running') continue;
      if (node.attempt === undefined) {
        this.#loop.forget(`${node.task.id}#${node.record.attempts}/retry`);
        this.#end(node, 'cancelled', error);
      } else if (node.durable === undefined) node.attempt.abort(new RunCancelled());
      else await this.#abandon(node.durable, node.attempt);
    }
    while (this.#nodes.some((node) => node.record.status === 'running')) {
      try {
        await this.#loop.turn();
      } catch (again) {
        // A second cancel changes nothing: the run is already stopping.
        if (!(again instanceof RunCancelled)) throw again;
      }
    }
  }

  #skipRest(): void {
    for (const node of this.#nodes) if (node.record.status === 'pending') this.#end(node, 'skipped');
  }

  #outputs(): JsonObject | undefined {
    if (this.#error !== undefined) return undefined;
    const { params, tasks, run } = this.#scope;
    const outputs: JsonObject = {};
    try {
      for (const [name, template] of Object.entries(this.#run.plan.outputs)) {
        outputs[name] = evaluateTemplate(template, { params, tasks, run }) as JsonObject;
      }
      return outputs;
    } catch (error) {
      this.#fail({ code: 'EXPRESSION_FAILED', message: `outputs of ${this.#run.plan.workflow.name}: ${messageOf(error)}` });
      return undefined;
    }
  }

  #finish(outputs: JsonObject | undefined): RunResult {
    const result: RunResult = {
      runId: this.#run.runId,
      status: this.#status,
      tasks: this.#nodes.map((node) => node.record),
      approvals: this.#decisions,
      planDigest: this.#run.planDigest,
    };
    if (outputs !== undefined && this.#error === undefined) result.outputs = outputs;
    if (this.#error !== undefined) result.error = this.#error;
    this.#events.emit('run.finished', { status: result.status, ...(result.error ? { error: eventError(result.error) } : {}) });
    return result;
  }
}

function notInstalled(task: PlanTask): Outcome {
  const { name, version } = task.uses;
  return failure(
    'TASK_NOT_INSTALLED',
    `task ${task.id} needs ${name}@${version} with contract ${task.uses.digest}, which this worker does not have`,
  );
}

function eventError(error: RunError): JsonObject {
  return JSON.parse(JSON.stringify(error)) as JsonObject;
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
