import { canonicalJson, sha256Hex } from '@summit/maestro-sdk/canonical';
import type { Session } from '../lint/session.ts';
import type { CallView, TaskView, Workflow } from '../model/manifest.ts';
import { child, setOwn } from '../parse/node.ts';
import type { PlanBody, PlanCall, PlanPolicy, PlanTask, PlanUses } from '../plan.ts';
import { planOrder } from './order.ts';
import { durationOf, numberOf, planPolicy, retryOf } from './parts.ts';
import { templateOf } from './template.ts';

/** The workflows of one plan as data; each is worked out once, whoever uses it. */
export class Bodies {
  /** Sub-workflows by `name@version`, with the digest by which tasks pin them. */
  readonly workflows = new Map<string, { body: PlanBody; digest: string }>();
  readonly #session: Session;
  readonly #policy: PlanPolicy | undefined;

  /** `policy`: what the runbook says; it goes before what the workflows say. */
  constructor(session: Session, policy: PlanPolicy | undefined) {
    this.#session = session;
    this.#policy = policy;
  }

  /** One body for all that use the workflow: where it has no policy of its own, a run takes that of whoever uses it. */
  body(workflow: Workflow): PlanBody {
    const policy = this.#policy ?? planPolicy(workflow);
    const body: PlanBody = {
      parameters: workflow.parameters.map((view) => view.parameter),
      tasks: this.#tasks(workflow, workflow.tasks),
      outputs: {},
    };
    for (const entry of workflow.outputs?.entries.values() ?? []) setOwn(body.outputs, entry.name, templateOf(entry.value));
    const timeout = durationOf(child(child(workflow.root, 'spec'), 'timeout'));
    if (policy) body.policy = policy;
    if (timeout !== undefined) body.timeout = timeout;
    for (const list of ['onFailure', 'finally'] as const) {
      const hooks = workflow.hooks.filter((task) => task.list === list);
      if (hooks.length > 0) body[list] = this.#tasks(workflow, hooks);
    }
    return body;
  }

  #tasks(workflow: Workflow, tasks: readonly TaskView[]): PlanTask[] {
    return planOrder(tasks.flatMap((task) => this.#task(workflow, task) ?? []));
  }

  #task(workflow: Workflow, task: TaskView): PlanTask | undefined {
    const called = this.#call(task);
    if (!task.id || !called) return undefined;
    const { uses, with: input, ...limits } = called;
    const planned: PlanTask = { id: task.id.value, uses, needs: task.needs.map((need) => need.value), with: input, ...limits };
    const when = child(task.node, 'when');
    if (when) planned.when = templateOf(when);
    if (when && this.#session.condition(workflow, task).statusCheck) planned.onAnyStatus = true;
    if (task.forEach) {
      planned.forEach = { in: templateOf(task.forEach.in), onError: task.forEach.keepsGoing ? 'continue' : 'fail' };
      const maxParallel = numberOf(child(child(task.node, 'forEach'), 'maxParallel'));
      if (maxParallel !== undefined) planned.forEach.maxParallel = maxParallel;
    }
    if (task.continueOnError) planned.continueOnError = true;
    const pool = child(task.node, 'pool');
    if (pool?.kind === 'scalar') planned.pool = String(pool.value);
    const compensate = task.compensate && this.#call(task.compensate);
    if (compensate) planned.compensate = compensate;
    return planned;
  }

  /** What runs, pinned; what the manifest leaves open about retries and time is as the task's contract says. */
  #call(call: CallView): PlanCall | undefined {
    const uses = this.#uses(call);
    if (!uses) return undefined;
    const contract = this.#session.contractOf(call);
    const planned: PlanCall = { uses, with: call.with ? templateOf(call.with) : {} };
    const retry = retryOf(child(call.node, 'retry'), contract?.retry);
    if (retry) planned.retry = retry;
    const timeout = durationOf(child(call.node, 'timeout')) ?? contract?.timeout;
    if (timeout !== undefined) planned.timeout = timeout;
    return planned;
  }

  #uses(call: CallView): PlanUses | undefined {
    const target = this.#session.targetOf(call);
    if (target?.kind === 'task') {
      const { name, version, digest } = target.contract;
      return { name, version, digest };
    }
    if (!target) return undefined;
    const { name = '', version = '' } = target.workflow;
    const ref = `${name}@${version}`;
    let known = this.workflows.get(ref);
    if (!known) {
      const body = this.body(target.workflow);
      known = { body, digest: `sha256:${sha256Hex(canonicalJson(body))}` };
      this.workflows.set(ref, known);
    }
    return { name: `workflows/${name}`, version, digest: known.digest };
  }
}
