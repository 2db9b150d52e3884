import type { PlanTask } from '@summit/maestro-manifest';
import type { RunError, TaskPhase, TaskRecord } from '../run.ts';
import type { Ending, Frame } from './activity.ts';
import type { Compensations } from './compensations.ts';
import { condition, type SkipReason, type Verdict } from './condition.ts';
import { ForEach, itemsOf } from './for-each.ts';
import type { Scope, WorkflowIdentity } from './host.ts';
import { Pump } from './pump.ts';
import { listDigest } from './reuse.ts';
import { undoScope } from './scope.ts';
import { TaskNode } from './task-node.ts';
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

/** Walks a list of tasks to its end: each is considered as soon as what it needs has ended, in plan order. */
export class Section {
  readonly #frame: Frame;
  readonly #spec: SectionSpec;
  readonly #nodes: TaskNode[];
  readonly #byId: ReadonlyMap<string, TaskNode>;
  readonly #running = new Set<TaskNode>();
  readonly #pump = new Pump(() => this.#work());
  #ready: TaskNode[] = [];
  #unended: number;
  #failed: RunError | undefined;
  /** The task whose failure is one of the list, where that ends it. */
  #culprit: string | undefined;
  #stopped: SkipReason | undefined;
  #ended = false;

  constructor(frame: Frame, spec: SectionSpec) {
    this.#frame = frame;
    this.#spec = spec;
    this.#nodes = spec.tasks.map((task, at) => new TaskNode(task, at, spec.prefix, spec.phase, frame.events, spec.scope));
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
      for (const node of batch) if (node.pending) await this.#consider(node);
    }
    if (this.#running.size > 0 || this.#ended) return;
    if (this.#unended > 0) {
      const stuck = this.#nodes.filter(({ pending }) => pending);
      this.#failed ??= {
        code: 'PLAN_INVALID',
        message: `nothing that is left can ever start: ${stuck.map(({ name }) => name).join(', ')}`,
      };
      this.#skip(stuck, { reason: 'needs', message: 'what it needs can never end' });
    }
    this.#ended = true;
    await this.#spec.onEnd();
  }

  async #consider(node: TaskNode): Promise<void> {
    const verdict = this.#verdict(node);
    if ('skip' in verdict) this.#skipOne(node, verdict.skip);
    else if ('error' in verdict) await this.#endBadly(node, 'failed', verdict.error);
    else await this.#begin(node);
  }

  #verdict({ task, name }: TaskNode): Verdict {
    if (!task.onAnyStatus) {
      const need = task.needs.find((id) => !this.#byId.get(id)?.endedWell);
      if (need !== undefined) {
        const status = this.#byId.get(need)?.record.status ?? 'missing';
        return { skip: { reason: 'needs', need, message: `it needs ${need}, which ${status === 'failed' ? 'failed' : `was ${status}`}` } };
      }
      if (this.#culprit !== undefined) return { skip: { reason: 'workflow-failed', message: `${this.#culprit} had failed` } };
    }
    return condition(name, task, this.#spec.scope);
  }

  async #begin(node: TaskNode): Promise<void> {
    const { task, name } = node;
    const { workflow, scope } = this.#spec;
    const { takenOver } = this.#frame;
    const tolerated = task.continueOnError ? takenOver.tolerated(name) : undefined;
    if (tolerated !== undefined) {
      node.record.reused = true;
      return this.#endBadly(node, 'failed', tolerated);
    }
    const list = task.forEach && itemsOf(name, task.forEach, scope);
    if (list !== undefined && 'error' in list) return this.#endBadly(node, 'failed', list.error);
    const known = takenOver.result(name);
    if (known !== undefined) return this.#reuse(node, known.output, list?.items);
    this.#running.add(node);
    const call = {
      call: task,
      ...(task.pool === undefined ? {} : { pool: task.pool }),
      subject: { task: name },
      workflow,
      scope,
      mayStart: () => task.onAnyStatus === true || this.#culprit === undefined,
      onEnd: (ending: Ending) => this.#settle(node, ending),
    };
    if (list === undefined || task.forEach === undefined) {
      const begunIn = takenOver.begunIn(name);
      node.begun(undefined, begunIn === undefined ? {} : { begunIn });
      node.activity = this.#frame.activity(call);
    } else {
      const { items } = list;
      const onItem = (index: number, item: unknown, ending: Ending) => this.#remember(node, ending, { item, index });
      const forEach = new ForEach(this.#frame, { ...call, forEach: task.forEach, items, onItem });
      const digest = listDigest(items);
      takenOver.list(name, digest);
      node.begun(forEach.counts, { list: digest });
      node.activity = forEach;
    }
    await node.activity.start();
  }

  /** Takes a result of the run that this one was made from; what it did is undone with the rest, should it come to that. */
  #reuse(node: TaskNode, output: unknown, items: unknown[] | undefined): void {
    node.reused(output);
    const ending = (output: unknown): Ending => ({ status: 'succeeded', output, attempts: 0 });
    if (items === undefined) this.#remember(node, ending(output));
    else {
      for (const [index, item] of items.entries()) {
        const one = Array.isArray(output) ? output[index] : undefined;
        // Nothing, where the item had failed and was let pass.
        if (one !== null && one !== undefined) this.#remember(node, ending(one), { item, index });
      }
    }
    this.#release(node);
  }

  async #settle(node: TaskNode, ending: Ending): Promise<void> {
    this.#running.delete(node);
    node.activity = undefined;
    node.record.attempts = ending.attempts;
    node.parts = this.#frame.ledger.keep(ending.records ?? []);
    if (node.task.forEach === undefined) this.#remember(node, ending);
    if (ending.status === 'succeeded') {
      node.succeeded(ending.output);
      this.#release(node);
    } else await this.#endBadly(node, ending.status, ending.error);
    await this.#pump.run();
  }

  /** Takes what an execution leaves behind: what has to be undone should the workflow fail. */
  #remember({ task, name, record }: TaskNode, ending: Ending, at?: { item: unknown; index: number }): void {
    const { compensations, workflow, scope } = this.#spec;
    if (ending.status === 'succeeded' && ending.preview !== undefined) record.previewed = true;
    // A preview did nothing, and in a dry run nothing is undone that was not done.
    if (compensations === undefined || this.#frame.run.dryRun) return;
    compensations.push(ending.undo ?? []);
    if (ending.status !== 'succeeded' || task.compensate === undefined) return;
    const { output } = ending;
    const undo: Undo = {
      call: task.compensate,
      // What it did on the workers of a pool is undone there.
      ...(task.pool === undefined ? {} : { pool: task.pool }),
      subject: { task: name, ...(at === undefined ? {} : { item: at.index }) },
      workflow,
      scope: () => undoScope(scope, task.id, output, at),
    };
    compensations.push([undo]);
  }

  async #endBadly(node: TaskNode, status: 'failed' | 'cancelled', cause: RunError): Promise<void> {
    const error = node.endedBadly(status, cause);
    this.#release(node);
    if (status === 'failed' && !node.task.continueOnError) await this.#fail(error, node.name);
  }

  async #fail(error: RunError, name: string): Promise<void> {
    if (this.#failed !== undefined) return;
    this.#failed = error;
    if (this.#spec.phase !== undefined) return;
    this.#culprit = name;
    for (const { activity } of [...this.#running]) await activity?.drain();
  }

  #skip(nodes: readonly TaskNode[], why: SkipReason): void {
    for (const node of nodes) if (node.pending) this.#skipOne(node, why);
  }

  #skipOne(node: TaskNode, why: SkipReason): void {
    node.skipped(why);
    this.#release(node);
  }

  /** Tells what needs this task that it has ended. */
  #release(node: TaskNode): void {
    this.#unended -= 1;
    for (const dependent of node.dependents) {
      dependent.open -= 1;
      if (dependent.open === 0) this.#ready.push(dependent);
    }
  }
}
