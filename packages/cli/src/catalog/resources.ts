import {
  bindInputs,
  bindParameters,
  ExpressionError,
  evaluateTemplate,
  type Plan,
  type PlanBody,
  type PlanCall,
  type PlanTask,
  subWorkflow,
} from '@summit/maestro-manifest';
import type { JsonObject, Resource } from '@summit/maestro-sdk';
import { loadTasks, type TaskRegistry } from '@summit/maestro-worker/packages';
import type { ResolvedConfig } from '../config/config.ts';

/** What will be touched, or why that is not known yet. */
export type Touches = Resource[] | string;

/** What is known of a run before it runs, by the names of its tasks: `parent/child`, and `parent/child/compensate`. */
export interface Foreseen {
  touches: Map<string, Touches>;
  /** Length of the list of a `forEach`. */
  itemCounts: Map<string, number>;
}

const WITHOUT_INPUTS = 'known once the inputs are given';
const AT_RUN_TIME = 'known at run time';
const PER_ITEM = 'known at run time, for each item';

/** Items of a `forEach` whose resources are asked for. */
const MAX_ITEMS = 1_000;

/**
 * What each task of a plan will touch, as far as that follows from the inputs. Imports the task packages and calls the tasks'
 * `resources`, which only name things; nothing is executed.
 */
export async function foresee(plan: Plan, inputs: JsonObject | undefined, config: ResolvedConfig): Promise<Foreseen> {
  const registry = await loadTasks(config.packages, config.root);
  const { user, roles } = config.identity;
  // What an expression reads of the run beyond this is known when there is one.
  const run = { initiator: { id: user, roles } };
  const params = inputs === undefined ? WITHOUT_INPUTS : (bindParameters(plan, inputs, run).values ?? AT_RUN_TIME);
  const foreseen: Foreseen = { touches: new Map(), itemCounts: new Map() };
  new Seer(plan, registry, run, foreseen).body(plan, '', params, []);
  return foreseen;
}

/** Values, or why there are none yet. */
type Scope = JsonObject | string;

class Seer {
  readonly #plan: Plan;
  readonly #registry: TaskRegistry;
  readonly #run: JsonObject;
  readonly #foreseen: Foreseen;

  constructor(plan: Plan, registry: TaskRegistry, run: JsonObject, foreseen: Foreseen) {
    this.#plan = plan;
    this.#registry = registry;
    this.#run = run;
    this.#foreseen = foreseen;
  }

  body(body: PlanBody, prefix: string, params: Scope, above: readonly string[]): void {
    const scope = typeof params === 'string' ? params : { params, run: this.#run };
    for (const task of [...body.tasks, ...(body.onFailure ?? []), ...(body.finally ?? [])]) {
      const name = `${prefix}${task.id}`;
      const scopes = this.#scopes(task, name, scope);
      this.#call(task, name, task.forEach ? `${name}[*]/` : `${name}/`, scopes, above);
      if (task.compensate) this.#call(task.compensate, `${name}/compensate`, `${name}/compensate/`, scopes, above);
    }
  }

  /** One for each item of a `forEach`; otherwise the one there is. */
  #scopes(task: PlanTask, name: string, scope: Scope): JsonObject[] | string {
    if (typeof scope === 'string') return scope;
    if (task.forEach === undefined) return [scope];
    const list = known(() => evaluateTemplate(task.forEach?.in ?? null, scope));
    if (typeof list === 'string') return list;
    if (!Array.isArray(list.value)) return AT_RUN_TIME;
    this.#foreseen.itemCounts.set(name, list.value.length);
    return list.value.slice(0, MAX_ITEMS).map((item, index) => ({ ...scope, item, index }) as JsonObject);
  }

  #call(call: PlanCall, name: string, prefix: string, scopes: JsonObject[] | string, above: readonly string[]): void {
    const body = subWorkflow(this.#plan, call.uses, above);
    if (body)
      this.body(body, prefix, this.#parameters(call, body, scopes), [
        ...above,
        `${call.uses.name.replace('workflows/', '')}@${call.uses.version}`,
      ]);
    else this.#foreseen.touches.set(name, this.#touches(call, scopes));
  }

  #parameters(call: PlanCall, body: PlanBody, scopes: JsonObject[] | string): Scope {
    if (typeof scopes === 'string') return scopes;
    const [scope] = scopes;
    if (scope === undefined || scopes.length > 1 || 'item' in scope) return PER_ITEM;
    const given = known(() => evaluateTemplate(call.with, scope));
    if (typeof given === 'string') return given;
    return bindInputs(body.parameters, given.value as JsonObject).values ?? AT_RUN_TIME;
  }

  #touches(call: PlanCall, scopes: JsonObject[] | string): Touches {
    const task = this.#registry.get(call.uses)?.task;
    const { resources } = task ?? {};
    if (task === undefined || resources === undefined) return [];
    if (typeof scopes === 'string') return scopes;
    const found = new Map<string, Resource>();
    for (const scope of scopes) {
      const payload = known(() => evaluateTemplate(call.with, scope));
      if (typeof payload === 'string') return payload;
      const named = known(() => resources.call(task, payload.value as never));
      if (typeof named === 'string') return named;
      for (const resource of named.value) found.set(`${resource.type} ${resource.id}`, resource);
    }
    return [...found.values()];
  }
}

/** A value, or why it is not known: most often because it comes from a task that has not run. */
function known<T>(compute: () => T): { value: T } | string {
  try {
    return { value: compute() };
  } catch (error) {
    if (error instanceof ExpressionError && /\b(?:tasks|run)\b/.test(error.source)) return AT_RUN_TIME;
    return `not known: ${error instanceof Error ? error.message : String(error)}`;
  }
}
