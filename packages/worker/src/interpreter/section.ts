import type { PlanTask } from '@summit/maestro-manifest';
import type { JsonObject } from '@summit/maestro-sdk';
import type { RunError, TaskPhase, TaskRecord } from '../run.ts';
import type { Activity, Ending, Frame } from './activity.ts';
import type { Compensations } from './compensations.ts';
import { condition, type SkipReason, type Verdict } from './condition.ts';
import { ForEach, itemsOf } from './for-each.ts';
import type { Scope, WorkflowIdentity } from './host.ts';
import { eventError } from './outcome.ts';
import { Pump } from './pump.ts';
import { undoScope } from './scope.ts';
import type { Subject } from './subject.ts';
import type { Undo } from './undo.ts';

/** One list of tasks of one workflow. */
export interface SectionSpec {
  tasks: readonly PlanTask[];
  /** Absent: the workflow's `tasks`. There a failure ends the list; in the others only what needs the failed task is skipped. */
  phase?: TaskPhase;
  /** Before the ids of its tasks: empty, or `parent/`. */
  prefix: string;
  workflow: WorkflowIdentity;
  scope: Scope;
  /** Where what succeeded is put for undoing; absent: it is not undone. */
  compensations?: Compensations;
  /** Called once, when every task has ended. */
  onEnd(): Promise<void>;
}

interface Node {
  task: PlanTask;
  at: number;
  /** What people call it. */
  name: string;
  record: TaskRecord;
  /** Needs that have not ended. */
  open: number;
  dependents: Node[];
  activity?: Activity;
  /** Of what it is made of. */
  parts: TaskRecord[];
}

/** Walks a list of tasks to its end: each is considered as soon as what it needs has ended, in plan order. */
export class Section {
  readonly #frame: Frame;
  readonly #spec: SectionSpec;
  readonly #nodes: Node[];
  readonly #byId: ReadonlyMap<string, Node>;
  readonly #running = new Set<Node>();
  readonly #pump = new Pump(() => this.#work());
  #ready: Node[] = [];
  #unended: number;
  #failed: RunError | undefined;
  /** The task whose failure is one of the list, where that ends it. */
  #culprit: string | undefined;
  #stopped: SkipReason | undefined;
  #ended = false;

  constructor(frame: Frame, spec: SectionSpec) {
    this.#frame = frame;
    this.#spec = spec;
    this.#nodes = spec.tasks.map((task, at) => nodeOf(task, at, spec));
    this.#byId = new Map(this.#nodes.map((node) => [node.task.id, node]));
    this.#unended = this.#nodes.length;
    for (const node of this.#nodes) {
      for (const need of new Set(node.task.needs)) {
        node.open += 1;
        // A need that is not there is never met, and found when nothing else is left.
        this.#byId.get(need)?.dependents.push(node);
      }
      if (node.open === 0) this.#ready.push(node);
    }
  }

  /** The first failure that is one of the list. */
  get error(): RunError | undefined {
    return this.#failed;
  }

  /** In plan order, each followed by the tasks of its sub-workflows. */
  get records(): TaskRecord[] {
    return this.#nodes.flatMap(({ record, parts }) => [record, ...parts]);
  }

  start(): Promise<void> {
    return this.#pump.run();
  }

  /** Ends the list as soon as that can be done in order: what runs is stopped, the rest is skipped. */
  async stop(error: RunError): Promise<void> {
    this.#stopped ??= { reason: 'stopped', message: error.message };
    this.#skip(this.#nodes, this.#stopped);
    for (const { activity } of [...this.#running]) await activity?.stop(error);
    await this.#pump.run();
  }

  async #work(): Promise<void> {
    while (this.#ready.length > 0) {
      const batch = this.#ready.sort((a, b) => a.at - b.at);
      this.#ready = [];
      for (const node of batch) if (node.record.status === 'pending') await this.#consider(node);
    }
    if (this.#running.size > 0 || this.#ended) return;
    if (this.#unended > 0) {
      const stuck = this.#nodes.filter(({ record }) => record.status === 'pending');
      this.#failed ??= {
        code: 'PLAN_INVALID',
        message: `nothing that is left can ever start: ${stuck.map(({ name }) => name).join(', ')}`,
      };
      this.#skip(stuck, { reason: 'needs', message: 'what it needs can never end' });
    }
    this.#ended = true;
    await this.#spec.onEnd();
  }

  async #consider(node: Node): Promise<void> {
    const verdict = this.#verdict(node);
    if ('skip' in verdict) this.#skipOne(node, verdict.skip);
    else if ('error' in verdict) await this.#refuse(node, verdict.error);
    else await this.#begin(node);
  }

  #verdict({ task, name }: Node): Verdict {
    if (!task.onAnyStatus) {
      const need = task.needs.find((id) => !this.#endedWell(id));
      if (need !== undefined) {
        const status = this.#byId.get(need)?.record.status ?? 'missing';
        return { skip: { reason: 'needs', need, message: `it needs ${need}, which ${status === 'failed' ? 'failed' : `was ${status}`}` } };
      }
      if (this.#culprit !== undefined) return { skip: { reason: 'workflow-failed', message: `${this.#culprit} had failed` } };
    }
    return condition(name, task, this.#spec.scope);
  }

  #endedWell(id: string): boolean {
    const node = this.#byId.get(id);
    if (node === undefined) return false;
    return node.record.status === 'succeeded' || (node.record.status === 'failed' && node.task.continueOnError === true);
  }

  async #begin(node: Node): Promise<void> {
    const { task, name, record } = node;
    const { workflow, scope } = this.#spec;
    const list = task.forEach && itemsOf(name, task.forEach, scope);
    if (list !== undefined && 'error' in list) return this.#refuse(node, list.error);
    record.status = 'running';
    scope.tasks[task.id] = { status: 'running' };
    this.#running.add(node);
    this.#frame.events.emit('task.started', {
      task: name,
      uses: record.uses,
      ...(record.phase === undefined ? {} : { phase: record.phase }),
      ...(list === undefined ? {} : { items: list.items.length }),
    });
    const subject: Subject = { task: name };
    const call = {
      call: task,
      subject,
      workflow,
      scope,
      mayStart: () => task.onAnyStatus === true || this.#failed === undefined || this.#spec.phase !== undefined,
      onEnd: (ending: Ending) => this.#settle(node, ending),
    };
    if (list === undefined || task.forEach === undefined) node.activity = this.#frame.activity(call);
    else {
      const onItem = (index: number, item: unknown, ending: Ending) => this.#remember(node, ending, { item, index });
      const forEach = new ForEach(this.#frame, { ...call, forEach: task.forEach, items: list.items, onItem });
      record.items = forEach.counts;
      node.activity = forEach;
    }
    await node.activity.start();
  }

  async #settle(node: Node, ending: Ending): Promise<void> {
    const { task, name, record } = node;
    this.#running.delete(node);
    delete node.activity;
    record.attempts = ending.attempts;
    node.parts = this.#frame.ledger.keep(ending.records ?? []);
    if (task.forEach === undefined) this.#remember(node, ending);
    if (ending.status === 'succeeded') {
      const { output } = ending;
      record.status = 'succeeded';
      this.#spec.scope.tasks[task.id] = { status: 'succeeded', output };
      this.#frame.events.emit('task.succeeded', {
        task: name,
        attempts: record.attempts,
        output: output as JsonObject,
        ...(record.items === undefined ? {} : { items: { ...record.items } }),
        ...(record.previewed ? { previewed: true } : {}),
      });
      this.#release(node);
    } else await this.#endBadly(node, ending.status, ending.error);
    await this.#pump.run();
  }

  /** Takes what an execution leaves behind: what has to be undone should the workflow fail. */
  #remember({ task, name, record }: Node, ending: Ending, at?: { item: unknown; index: number }): void {
    const { compensations, workflow, scope } = this.#spec;
    if (ending.status === 'succeeded' && ending.preview !== undefined) record.previewed = true;
    // A preview did nothing, and in a dry run nothing is undone that was not done.
    if (compensations === undefined || this.#frame.run.dryRun) return;
    compensations.push(ending.undo ?? []);
    if (ending.status !== 'succeeded' || task.compensate === undefined) return;
    const { output } = ending;
    const undo: Undo = {
      call: task.compensate,
      subject: { task: name, ...(at === undefined ? {} : { item: at.index }) },
      workflow,
      scope: () => undoScope(scope, task.id, output, at),
    };
    compensations.push([undo]);
  }

  /** A task that could not even begin. */
  #refuse(node: Node, error: RunError): Promise<void> {
    return this.#endBadly(node, 'failed', error);
  }

  async #endBadly(node: Node, status: 'failed' | 'cancelled', cause: RunError): Promise<void> {
    const { task, name, record } = node;
    const error: RunError = { task: name, ...cause };
    record.status = status;
    record.error = error;
    this.#spec.scope.tasks[task.id] = { status };
    this.#frame.events.emit('task.failed', {
      task: name,
      attempts: record.attempts,
      status,
      error: eventError(error),
      ...(record.items === undefined ? {} : { items: { ...record.items } }),
      ...(task.continueOnError && status === 'failed' ? { continued: true } : {}),
    });
    this.#release(node);
    if (status === 'failed' && !task.continueOnError) await this.#fail(error, name);
  }

  async #fail(error: RunError, name: string): Promise<void> {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    if (this.#spec.phase !== undefined) return;
    this.#culprit = name;
    for (const { activity } of [...this.#running]) await activity?.drain();
  }

  #skip(nodes: readonly Node[], why: SkipReason): void {
    for (const node of nodes) if (node.record.status === 'pending') this.#skipOne(node, why);
  }

  #skipOne(node: Node, { reason, message, need }: SkipReason): void {
    node.record.status = 'skipped';
    node.record.reason = message;
    this.#spec.scope.tasks[node.task.id] = { status: 'skipped' };
    this.#frame.events.emit('task.skipped', { task: node.name, reason, message, ...(need === undefined ? {} : { need }) });
    this.#release(node);
  }

  /** Tells what needs this task that it has ended. */
  #release(node: Node): void {
    this.#unended -= 1;
    for (const dependent of node.dependents) {
      dependent.open -= 1;
      if (dependent.open === 0) this.#ready.push(dependent);
    }
  }
}

function nodeOf(task: PlanTask, at: number, { prefix, phase }: SectionSpec): Node {
  const name = `${prefix}${task.id}`;
  const record: TaskRecord = { id: name, uses: `${task.uses.name}@${task.uses.version}`, status: 'pending', attempts: 0 };
  if (phase !== undefined) record.phase = phase;
  return { task, at, name, record, open: 0, dependents: [], parts: [] };
}
