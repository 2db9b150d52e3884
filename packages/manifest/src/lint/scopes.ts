import { type Checker, createChecker, type ScopeTypes } from '../expressions/index.ts';
import type { ParameterView, TaskView, Workflow } from '../model/manifest.ts';
import type { Parameter } from '../plan.ts';
import type { Session } from './session.ts';
import type { Site } from './site.ts';

type ReadableTask = NonNullable<ScopeTypes['tasks']>[number];

/** What expressions may read, by the place where they stand. One checker per scope. */
export class Scopes {
  readonly #session: Session;
  readonly #checkers = new Map<object, Checker>();

  constructor(session: Session) {
    this.#session = session;
  }

  checkerOf({ manifest, place, task }: Pick<Site, 'manifest' | 'place' | 'task'>): Checker {
    const key = place === 'task' && task ? task : manifest;
    let checker = this.#checkers.get(key);
    if (!checker) {
      checker = createChecker(
        manifest.kind === 'Runbook' ? { inputs: declared(manifest.inputs) } : this.#scope(manifest, place === 'task' ? task : undefined),
      );
      this.#checkers.set(key, checker);
    }
    return checker;
  }

  /** A task reads its ancestors, the outputs of a workflow read every task. */
  #scope(workflow: Workflow, task: TaskView | undefined): ScopeTypes {
    const dag = this.#session.dag(workflow);
    const ancestors = task && !dag.uncertain(task) ? dag.ancestors(task) : undefined;
    const tasks: ReadableTask[] = [...dag.ids].map(([id, other]) => ({
      id,
      output: this.#outputOf(other),
      readable: ancestors ? ancestors.has(id) && other !== task : other !== task,
    }));
    // Reported where they are needed; reading them is the same mistake.
    for (const id of dag.unknown) tasks.push({ id, output: {}, readable: true });
    return { params: declared(workflow.parameters), tasks };
  }

  /** Anything, where the task is not installed or runs once per item. */
  #outputOf(task: TaskView): ReadableTask['output'] {
    return task.node.entries.has('forEach') ? {} : (this.#session.contractOf(task)?.output ?? {});
  }
}

/** Of two with one name, which is told elsewhere, the first. */
function declared(views: readonly ParameterView[]): Parameter[] {
  const byName = new Map<string, Parameter>();
  for (const { parameter } of views) if (!byName.has(parameter.name)) byName.set(parameter.name, parameter);
  return [...byName.values()];
}
