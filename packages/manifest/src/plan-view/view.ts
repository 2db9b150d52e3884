import type { Effect, TaskContract } from '@summit/maestro-sdk';
import type { Plan, PlanBody, PlanCall, PlanPolicy, PlanTask } from '../plan.ts';
import { callBound, contractOf, limitsOf, secretsOf } from './call.ts';
import { type CriticalPath, criticalPath, type TimedTask } from './critical-path.ts';
import { type EngineDefaults, within } from './duration.ts';
import { forEachBound, forEachView } from './for-each.ts';
import { type ApprovalView, gateOf } from './gates.ts';
import { PlanError } from './plan-error.ts';
import type { BodyView, CallView, PlannedTask, PlanView } from './shapes.ts';
import { stages } from './stages.ts';
import { subWorkflow, workflowKey } from './sub-workflow.ts';
import { secretsIn, templateText } from './templates.ts';

/** Tasks of a plan with those of its sub-workflows; more are not shown. */
const MAX_TASKS = 10_000;

/** What {@link planView} is told beyond the plan. */
export interface PlanViewOptions {
  defaults?: EngineDefaults;
  /** Length of the list of a `forEach`, where it is known; the task by its `parent/child` name. Literal lists are known anyway. */
  itemCounts?: ReadonlyMap<string, number>;
  /** What a decision about the run would be bound to. */
  approvalDigest?: string;
}

/**
 * All that a plan says about a run before it runs: stages, effects, limits, secrets, decisions, the longest it may take.
 * Sub-workflows are expanded. Throws a {@link PlanError} for a plan that `compile` does not make, e.g. with a cycle, and for
 * one of more than 10,000 tasks.
 */
export function planView(plan: Plan, contracts: readonly TaskContract[], options: PlanViewOptions = {}): PlanView {
  const viewer = new Viewer(plan, contracts, options);
  const { view, time } = viewer.body(plan, { prefix: '', above: [`${plan.workflow.name}@${plan.workflow.version}`] });
  const { approvals } = plan;
  const asked: ApprovalView[] = [];
  if (approvals?.required) {
    const { approvers, quorum, expiresIn = null, allowSelfApproval } = approvals;
    asked.push({
      approvers,
      quorum,
      expiresIn,
      allowSelfApproval,
      ...(options.approvalDigest === undefined ? {} : { digest: options.approvalDigest }),
    });
  }
  return { ...view, secrets: [...viewer.secrets].sort(), approvals: [...asked, ...viewer.gates], estimate: time };
}

/** Where in the plan something stands. */
interface Place {
  /** Of the names of its tasks: `parent/`. */
  prefix: string;
  /** The workflows around it. */
  above: readonly string[];
  policy?: PlanPolicy;
}

class Viewer {
  readonly secrets = new Set<string>();
  readonly gates: ApprovalView[] = [];
  readonly #plan: Plan;
  readonly #contracts: readonly TaskContract[];
  readonly #options: PlanViewOptions;
  #tasks = 0;

  constructor(plan: Plan, contracts: readonly TaskContract[], options: PlanViewOptions) {
    this.#plan = plan;
    this.#contracts = contracts;
    this.#options = options;
  }

  /** `timeout` cuts the tasks short, not what runs after them. */
  body(body: PlanBody, place: Place, timeout?: number): { view: BodyView; time: CriticalPath } {
    const policy = body.policy ?? place.policy;
    const inside = policy ? { ...place, policy } : place;
    const main = this.#list(body.tasks, inside);
    const view: BodyView = { stages: main.stages, tasks: main.views };
    if (body.onFailure) view.onFailure = this.#list(body.onFailure, inside).views;
    const last = body.finally && this.#list(body.finally, inside);
    if (last) view.finally = last.views;
    if (policy) view.policy = policy;
    if (body.timeout !== undefined) view.timeout = body.timeout;
    return { view, time: inSequence(cutShort(main.time, place.prefix, timeout), last?.time) };
  }

  #list(tasks: readonly PlanTask[], place: Place): { views: PlannedTask[]; stages: string[][]; time: CriticalPath } {
    this.#tasks += tasks.length;
    if (this.#tasks > MAX_TASKS)
      throw new PlanError('PLAN_TOO_LARGE', `the plan has more than ${MAX_TASKS} tasks, those of its sub-workflows included`);
    const staged = stages(tasks);
    const stageOf = new Map(staged.flatMap((ids, at) => ids.map((id) => [id, at + 1] as const)));
    const timed: TimedTask[] = [];
    const views = tasks.map((task) => {
      const { view, time } = this.#task(task, stageOf.get(task.id) ?? 1, place);
      timed.push({ id: task.id, needs: task.needs, ...time });
      return view;
    });
    return { views, stages: staged, time: criticalPath(timed) };
  }

  #task(task: PlanTask, stage: number, place: Place): { view: PlannedTask; time: CriticalPath } {
    const { defaults, itemCounts } = this.#options;
    const name = `${place.prefix}${task.id}`;
    const called = this.#call(task, name, task.forEach ? `${name}[*]/` : `${name}/`, place);
    const forEach = task.forEach && forEachView(task.forEach, itemCounts?.get(name), defaults?.maxParallel);
    const time = forEach ? forEachBound(name, called.time, forEach) : called.time;
    const { ms, unbounded } = time;
    const view: PlannedTask = { id: task.id, name, stage, needs: task.needs, ...called.view, estimate: { ms, unbounded } };
    if (task.when !== undefined) view.when = templateText(task.when);
    if (task.onAnyStatus) view.onAnyStatus = true;
    if (forEach) view.forEach = forEach;
    if (task.continueOnError) view.continueOnError = true;
    if (task.pool !== undefined) view.pool = task.pool;
    if (task.compensate) view.compensate = this.#call(task.compensate, `${name}/compensate`, `${name}/compensate/`, place).view;
    return { view, time };
  }

  #call(call: PlanCall, name: string, prefix: string, place: Place): { view: CallView; time: CriticalPath } {
    const body = subWorkflow(this.#plan, call.uses, place.above);
    const called = body ? this.#workflow(body, call, { ...place, prefix }) : this.#leaf(call, name);
    for (const secret of called.view.secrets) this.secrets.add(secret);
    return called;
  }

  #workflow(body: PlanBody, call: PlanCall, place: Place): { view: CallView; time: CriticalPath } {
    const { uses } = call;
    const timeout = body.timeout === undefined ? call.timeout : Math.min(body.timeout, call.timeout ?? body.timeout);
    const inner = this.body(body, { ...place, above: [...place.above, workflowKey(uses) ?? uses.name] }, timeout);
    const limits = { attempts: 1, waits: 0, ...(timeout === undefined ? {} : { timeout }) };
    const calls = callsOf(inner.view);
    const secrets = [...new Set([...secretsIn(call.with), ...calls.flatMap((one) => one.secrets)])].sort();
    const view: CallView = { uses, secrets, limits, workflow: inner.view };
    const effect = strongest(calls);
    if (effect !== undefined) view.effect = effect;
    return { view, time: inner.time };
  }

  #leaf(call: PlanCall, name: string): { view: CallView; time: CriticalPath } {
    const contract = contractOf(call.uses, this.#contracts);
    const limits = limitsOf(call, contract, this.#options.defaults ?? {});
    const gate = gateOf(call);
    if (gate) this.gates.push({ task: name, ...gate });
    const view: CallView = { uses: call.uses, secrets: secretsOf(call, contract), limits };
    if (contract) view.effect = contract.effect;
    if (contract?.deprecated !== undefined) view.deprecated = contract.deprecated;
    const bound = callBound(name, call, contract, limits);
    return { view, time: { ...bound, chain: [{ task: name, ms: bound.ms }] } };
  }
}

/** Everything that the lists of a workflow call. */
function callsOf({ tasks, onFailure = [], finally: last = [] }: BodyView): CallView[] {
  return [...tasks, ...onFailure, ...last].flatMap((task) => (task.compensate ? [task, task.compensate] : [task]));
}

function strongest(calls: readonly CallView[]): Effect | undefined {
  return (['write', 'read', 'none'] as const).find((effect) => calls.some((call) => call.effect === effect));
}

function inSequence(first: CriticalPath, then: CriticalPath | undefined): CriticalPath {
  if (!then) return first;
  return { ms: first.ms + then.ms, chain: [...first.chain, ...then.chain], unbounded: [...first.unbounded, ...then.unbounded] };
}

/** A chain that a timeout cuts is one step: which of its tasks is the last is not known. */
function cutShort(time: CriticalPath, prefix: string, timeout: number | undefined): CriticalPath {
  const bound = within(time, timeout);
  const cut = bound.ms < time.ms || time.unbounded.length > bound.unbounded.length;
  return cut ? { ...bound, chain: [{ task: prefix.slice(0, -1), ms: bound.ms }] } : time;
}
