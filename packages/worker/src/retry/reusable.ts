import type { Plan, PlanBody, PlanCall, PlanTask, Template } from '@summit/maestro-manifest';
import { bodyOf, isWorkflow } from '../interpreter/sub-workflow.ts';
import type { Reuse } from '../run.ts';
import type { Facts } from './facts.ts';

/**
 * What a retry of a run takes over from it: what succeeded, and what failed and was let pass, as long as all that it needs is taken over as well.
 * Not taken over is what was undone, what was built on that, hooks, and an answer that the retry's own `initiator` had given.
 */
export function reusable(plan: Plan, facts: Facts, initiator: string): Reuse {
  return new Takeover(plan, facts, initiator).reuse();
}

class Takeover {
  readonly #plan: Plan;
  readonly #facts: Facts;
  readonly #initiator: string;
  readonly #reuse: Required<Reuse> = { results: {}, tolerated: {}, lists: {}, begun: {} };

  constructor(plan: Plan, facts: Facts, initiator: string) {
    this.#plan = plan;
    this.#facts = facts;
    this.#initiator = initiator;
    // Names are keys of plain objects; a task may be called `__proto__`.
    for (const part of Object.values(this.#reuse)) Object.setPrototypeOf(part, null);
  }

  reuse(): Reuse {
    // Parameters that are made of the run's own id or time are others in another run.
    this.#body(this.#plan, '', !mentionsRun(this.#plan.bindings));
    const { results, tolerated, lists, begun } = this.#reuse;
    const some = (part: object) => Object.keys(part).length > 0;
    return {
      results: { ...results },
      ...(some(tolerated) ? { tolerated: { ...tolerated } } : {}),
      ...(some(lists) ? { lists: { ...lists } } : {}),
      ...(some(begun) ? { begun: { ...begun } } : {}),
    };
  }

  /** `sameInput`: what the workflow is given is what it was given before, to the letter. */
  #body(body: PlanBody, prefix: string, sameInput: boolean): void {
    const byId = new Map(body.tasks.map((task) => [task.id, task]));
    const settled = new Map<string, boolean>();
    const isSettled = (id: string): boolean => {
      const known = settled.get(id);
      if (known !== undefined) return known;
      // While it is being found out: a task that needs itself is never settled.
      settled.set(id, false);
      const task = byId.get(id);
      const is = task?.needs.every(isSettled) === true && this.#task(task, `${prefix}${id}`, sameInput);
      settled.set(id, is);
      return is;
    };
    for (const { id } of body.tasks) isSettled(id);
  }

  /** Takes over what is known of a task whose needs are settled; whether it is settled itself. */
  #task(task: PlanTask, name: string, sameInput: boolean): boolean {
    const facts = this.#facts;
    if (facts.passedOver.has(name)) return true;
    const tolerated = facts.tolerated.get(name);
    if (tolerated !== undefined && task.continueOnError) {
      this.#reuse.tolerated[name] = tolerated;
      return true;
    }
    if (facts.deciders.get(name)?.has(this.#initiator)) return false;
    if (this.#whole(task, name)) {
      this.#reuse.results[name] = facts.results.get(name) ?? null;
      return true;
    }
    if (facts.undone.has(name)) return false;
    const same = sameInput && !mentionsRun(task.with) && !mentionsRun(task.forEach?.in ?? null);
    if (task.forEach === undefined) this.#execution(task, name, same);
    else this.#items(task, name, same);
    return false;
  }

  /** Whether a task succeeded, and nothing of it was undone nor would have to be undone piece by piece. */
  #whole(task: PlanTask, name: string): boolean {
    const { results, undone } = this.#facts;
    if (!results.has(name)) return false;
    for (const one of undone) if (one === name || one.startsWith(`${name}[`) || one.startsWith(`${name}/`)) return false;
    return !isWorkflow(task.uses) || !this.#undoable(bodyOf(this.#plan, task.uses));
  }

  /** Whether a workflow has something that is undone when the workflow around it fails. */
  #undoable(body: PlanBody | undefined): boolean {
    return (
      body?.tasks.some(
        ({ compensate, uses }) => compensate !== undefined || (isWorkflow(uses) && this.#undoable(bodyOf(this.#plan, uses))),
      ) ?? false
    );
  }

  #items(task: PlanTask, name: string, same: boolean): void {
    const { results, begun, undone, lists } = this.#facts;
    const list = lists.get(name);
    if (list === undefined) return;
    this.#reuse.lists[name] = list;
    for (const one of begun.keys()) {
      if (!isItemOf(name, one) || undone.has(one)) continue;
      const output = results.get(one);
      const undoable = isWorkflow(task.uses) && this.#undoable(bodyOf(this.#plan, task.uses));
      if (output !== undefined && !undoable) this.#reuse.results[one] = output;
      else this.#execution(task, one, same);
    }
    // Items that the parent itself had taken over were not begun there.
    for (const [one, output] of results) if (isItemOf(name, one) && !undone.has(one) && !begun.has(one)) this.#reuse.results[one] = output;
  }

  /** What is not settled as a whole: the parts of a sub-workflow, and the key of a task that had begun. */
  #execution({ uses }: PlanCall, name: string, same: boolean): void {
    const body = isWorkflow(uses) ? bodyOf(this.#plan, uses) : undefined;
    if (body !== undefined) {
      this.#body(body, `${name}/`, same);
      return;
    }
    const begunIn = this.#facts.begun.get(name);
    // With another input it would be another thing under the same key.
    if (same && begunIn !== undefined && !this.#facts.results.has(name)) this.#reuse.begun[name] = begunIn;
  }
}

function isItemOf(task: string, name: string): boolean {
  return name.startsWith(`${task}[`) && /^\[\d+\]$/.test(name.slice(task.length));
}

/** Whether an expression may look at what tells one run from another. */
function mentionsRun(template: Template | Plan['bindings']): boolean {
  return /\brun\b/.test(JSON.stringify(template));
}
