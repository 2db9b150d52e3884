import { bindParameters } from '@summit/maestro-manifest';
import type { Decision, JsonObject } from '@summit/maestro-sdk';
import type { RunError, RunResult, TaskRecord, TaskStatus } from '../run.ts';
import type { Frame } from './activity.ts';
import { Approvals, type Verdict } from './approvals.ts';
import { type Durable, RunCancelled } from './durable.ts';
import { EventLog, type EventSink } from './events.ts';
import { Execution } from './execution.ts';
import type { RunScope, TaskHost } from './host.ts';
import { Ledger } from './ledger.ts';
import { DurableLoop } from './loop.ts';
import { eventError } from './outcome.ts';
import { TakenOver } from './reuse.ts';
import { approvalDigest, type RunInput, runRef } from './run-input.ts';
import { isWorkflow, SubWorkflow } from './sub-workflow.ts';
import { type WorkflowEnd, WorkflowWalk } from './workflow-walk.ts';

/**
 * Walks a plan to its end on any engine: asks for approvals, binds the parameters, and walks the workflow.
 * Never throws for anything that goes wrong in the run itself.
 */
export function interpret(run: RunInput, durable: Durable, host: TaskHost, sink: EventSink): Promise<RunResult> {
  return new Interpreter(run, durable, host, sink).run();
}

class Interpreter {
  readonly #run: RunInput;
  readonly #frame: Frame;
  #decisions: Decision[] = [];

  constructor(run: RunInput, durable: Durable, host: TaskHost, sink: EventSink) {
    this.#run = run;
    const events = new EventLog(run.runId, runRef(run.plan), sink);
    const loop = new DurableLoop(durable);
    const frame: Frame = {
      run,
      durable,
      loop,
      host,
      events,
      approvals: new Approvals(durable, loop, events, run.initiator.id),
      ledger: new Ledger(),
      takenOver: new TakenOver(run),
      activity: (spec) => (isWorkflow(spec.call.uses) ? new SubWorkflow(frame, spec) : new Execution(frame, spec)),
    };
    this.#frame = frame;
  }

  async run(): Promise<RunResult> {
    this.#frame.events.queued(this.#run);
    const refused = await this.#approved();
    if (refused !== undefined) return this.#finish(this.#unstarted(refused.status, refused.error));
    return this.#finish(await this.#walk());
  }

  /** Asks for the plan's approvals. Undefined when there is nothing against the run. */
  async #approved(): Promise<{ status: 'failed' | 'cancelled'; error: RunError } | undefined> {
    const { approvals, runbook, workflow } = this.#run.plan;
    if (!approvals?.required) return undefined;
    let verdict: Verdict | undefined;
    const asked = this.#frame.approvals.ask(
      'approval',
      {
        approvers: approvals.approvers,
        quorum: approvals.quorum,
        allowSelfApproval: approvals.allowSelfApproval,
        ...(approvals.expiresIn === undefined ? {} : { expiresInMs: approvals.expiresIn }),
        reason: `${this.#run.initiator.id} wants to ${this.#run.dryRun ? 'preview' : 'run'} ${runbook?.name ?? workflow.name}`,
        digest: approvalDigest(this.#run),
      },
      (answer) => {
        verdict = answer;
      },
    );
    try {
      while (asked && verdict === undefined) await this.#frame.loop.turn();
    } catch (error) {
      if (!(error instanceof RunCancelled)) throw error;
      return { status: 'cancelled', error: CANCELLED };
    }
    if (verdict === undefined) return undefined;
    this.#decisions = verdict.decisions;
    return verdict.approved ? undefined : { status: 'failed', error: { code: verdict.code, message: verdict.message } };
  }

  /** Binds the workflow's parameters, starts the run's own clock and takes the workflow to its end. */
  async #walk(): Promise<WorkflowEnd> {
    const { plan, inputs, runId: id, startedAt, initiator, planDigest, parent, dryRun = false } = this.#run;
    const tasks = plan.tasks.map((task) => task.id);
    this.#frame.events.emit('run.started', {
      ref: runRef(plan),
      planDigest,
      tasks,
      ...(parent === undefined ? {} : { parent }),
      ...(dryRun ? { dryRun } : {}),
    });
    const run: RunScope = { id, startedAt, dryRun, initiator };
    const bound = bindParameters(plan, inputs, run as JsonObject);
    const { name, version } = plan.workflow;
    if (bound.problems.length > 0) {
      const why = bound.problems.map(({ message }) => message).join('; ');
      const error: RunError = { code: 'PARAMETER_INVALID', message: `parameters of ${name}: ${why}`, details: bound.problems };
      return this.#unstarted('failed', error);
    }
    let end: WorkflowEnd | undefined;
    const walk = new WorkflowWalk(this.#frame, {
      body: plan,
      workflow: { ref: `${name}@${version}`, name, ...(plan.policy === undefined ? {} : { policy: plan.policy }) },
      prefix: '',
      params: bound.values ?? {},
      run,
      ...(plan.timeout === undefined ? {} : { timeout: { ms: plan.timeout, error: runTimeout(plan.timeout) } }),
      onEnd: (how) => {
        end = how;
      },
    });
    await walk.start();
    while (end === undefined) {
      try {
        await this.#frame.loop.turn();
      } catch (error) {
        if (!(error instanceof RunCancelled)) throw error;
        await walk.stop('cancelled', CANCELLED);
      }
    }
    return end;
  }

  /** Of a run that never got to its first task. */
  #unstarted(status: 'failed' | 'cancelled', error: RunError): WorkflowEnd {
    const records = this.#run.plan.tasks.map(({ id, uses }): TaskRecord => {
      this.#frame.events.emit('task.skipped', { task: id, reason: 'stopped', message: error.message });
      return { id, uses: `${uses.name}@${uses.version}`, status: 'skipped', attempts: 0, reason: error.message };
    });
    return { status, error, records, undo: [] };
  }

  #finish({ status, outputs, error, records }: WorkflowEnd): RunResult {
    const { compensations, omitted } = this.#frame.ledger;
    const result: RunResult = {
      runId: this.#run.runId,
      status,
      tasks: records,
      approvals: this.#decisions,
      planDigest: this.#run.planDigest,
    };
    if (this.#run.parent !== undefined) result.parent = this.#run.parent;
    if (this.#run.dryRun) result.dryRun = true;
    if (compensations.length > 0) result.compensations = compensations;
    if (omitted > 0) result.omittedRecords = omitted;
    if (outputs !== undefined) result.outputs = outputs;
    if (error !== undefined) result.error = error;
    this.#frame.events.emit('run.finished', {
      status,
      tasks: countsOf(records),
      ...(error ? { error: eventError(error) } : {}),
      ...(outputs === undefined ? {} : this.#shown(outputs)),
    });
    return result;
  }

  /** Outputs as part of an event: they are left out where they are larger than what a task may return. */
  #shown(outputs: JsonObject): JsonObject {
    const bytes = Buffer.byteLength(JSON.stringify(outputs));
    return bytes <= this.#frame.host.inlineLimit ? { outputs } : { outputsBytes: bytes };
  }
}

/** How many of the run's own tasks ended how. */
function countsOf(records: readonly TaskRecord[]): JsonObject {
  const own = records.filter(({ id }) => !id.includes('/'));
  const count = (status: TaskStatus) => own.filter((record) => record.status === status).length;
  return {
    total: own.length,
    succeeded: count('succeeded'),
    failed: count('failed'),
    skipped: count('skipped'),
    cancelled: count('cancelled'),
  };
}

const CANCELLED: RunError = { code: 'RUN_CANCELLED', message: 'the run was cancelled' };

function runTimeout(ms: number): RunError {
  return { code: 'RUN_TIMEOUT', message: `the run took longer than the ${ms} ms its workflow allows` };
}
