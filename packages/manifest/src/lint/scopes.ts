import {
  type Checker,
  checkerOf,
  DYN,
  ENDED_RUN,
  type ExprType,
  join,
  listOf,
  NULL,
  parametersType,
  RUN,
  type Scope,
  type TaskInScope,
  taskType,
} from '@summit/maestro-expressions';
import type { Manifest, ParameterView, TaskView, Workflow } from '../model/manifest.ts';
import type { Parameter } from '../plan.ts';
import type { Dag } from './dag.ts';
import type { Site } from './site.ts';

/** What types are found by. */
interface Known {
  dag(workflow: Workflow): Dag;
  /** What one execution of a task returns. */
  bodyType(task: TaskView): ExprType;
  /** What a task with `forEach` goes over. */
  itemType(workflow: Workflow, task: TaskView): ExprType;
}

/**
 * What the expressions of a manifest may read. The tasks are the same for all of a workflow: which of them may be read from
 * where follows from what an expression was found to read (see `analyze`), and tasks of their own for each would cost the
 * square of the tasks.
 */
export class Scopes {
  readonly #known: Known;
  readonly #manifest: Manifest;
  readonly #base: Scope;
  readonly #checkers = new Map<unknown, Checker>();

  constructor(known: Known, manifest: Manifest) {
    this.#known = known;
    this.#manifest = manifest;
    const empty = { params: undefined, inputs: undefined, tasks: undefined, item: undefined, run: RUN };
    this.#base =
      manifest.kind === 'Runbook'
        ? { ...empty, inputs: parametersType(declared(manifest.inputs)) }
        : { ...empty, params: parametersType(declared(manifest.parameters)), tasks: this.#tasks(manifest) };
  }

  checkerAt({ place, task }: Omit<Site, 'node'>): Checker {
    const item = task?.forEach && (place === 'with' || place === 'compensate') ? task : undefined;
    const own = place === 'compensate' ? item : undefined;
    const hook = task !== undefined && task.list !== 'tasks';
    const key = own ? own.compensate : (item ?? hook);
    let checker = this.#checkers.get(key);
    if (!checker) {
      checker = checkerOf({
        ...this.#base,
        ...(hook ? { run: ENDED_RUN } : {}),
        ...(item && this.#manifest.kind === 'Workflow' ? { item: this.#known.itemType(this.#manifest, item) } : {}),
        // What undoes the execution for one item sees what that execution returned, not the list.
        ...(own
          ? {
              tasks: new Map(this.#base.tasks).set(
                own.id?.value ?? '',
                inScope(() => this.#known.bodyType(own)),
              ),
            }
          : {}),
      });
      this.#checkers.set(key, checker);
    }
    return checker;
  }

  #tasks(workflow: Workflow): NonNullable<Scope['tasks']> {
    const { ids, unknown } = this.#known.dag(workflow);
    const tasks = new Map<string, TaskInScope>();
    for (const [id, task] of ids)
      tasks.set(
        id,
        inScope(() => outputType(task, this.#known.bodyType(task))),
      );
    // Reported where they are needed; reading them is the same mistake.
    for (const id of unknown)
      tasks.set(
        id,
        inScope(() => DYN),
      );
    return tasks;
  }
}

function inScope(output: () => ExprType): TaskInScope {
  return { readable: true, type: taskType(output) };
}

/** What a task returns: with `forEach` the list, in which `null` stands for items that failed. */
function outputType({ forEach }: TaskView, body: ExprType): ExprType {
  if (!forEach) return body;
  return listOf(() => (forEach.keepsGoing || !forEach.sound ? join(body, NULL) : body));
}

/** Of two with one name, which is told elsewhere, the first. */
function declared(views: readonly ParameterView[]): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const { parameter } of views) if (!byName.has(parameter.name)) byName.set(parameter.name, parameter);
  return [...byName.values()];
}
