import type { Json } from '@summit/maestro-sdk';
import { nameOf } from '../interpreter/subject.ts';
import type { RunError, RunEvent } from '../run.ts';

/** What the events of a run tell of its executions, by their names: `deploy`, `list[3]`, `parent/deploy`. */
export interface Facts {
  results: Map<string, Json>;
  /** Failures that the workflow went on after. */
  tolerated: Map<string, RunError>;
  /** Skipped because of their own condition, or of what they need. */
  passedOver: Set<string>;
  /** What was begun, with the run whose idempotency key it had. */
  begun: Map<string, string>;
  /** Of tasks with `forEach`, the digest of the list. */
  lists: Map<string, string>;
  /** What was undone, or was to be. */
  undone: Set<string>;
  /** Of tasks that asked people, who answered. */
  deciders: Map<string, Set<string>>;
}

/** Reads the events of the run `runId`; their order does not matter, and one may come twice. */
export function factsOf(runId: string, events: Iterable<RunEvent>): Facts {
  const facts: Facts = {
    results: new Map(),
    tolerated: new Map(),
    passedOver: new Set(),
    begun: new Map(),
    lists: new Map(),
    undone: new Set(),
    deciders: new Map(),
  };
  for (const { type, data } of events) {
    const { task, item } = data as { task?: unknown; item?: unknown };
    const name = typeof task === 'string' ? nameOf({ task, ...(typeof item === 'number' ? { item } : {}) }) : '';
    switch (type) {
      case 'task.started':
      case 'task.item-started':
        facts.begun.set(name, typeof data.begunIn === 'string' ? data.begunIn : runId);
        if (typeof data.list === 'string') facts.lists.set(name, data.list);
        break;
      case 'task.succeeded':
      case 'task.item-succeeded':
        facts.results.set(name, (data.output ?? null) as Json);
        break;
      case 'task.failed':
        if (data.continued === true) facts.tolerated.set(name, data.error as unknown as RunError);
        break;
      case 'task.skipped':
        if (data.reason === 'condition' || data.reason === 'needs') facts.passedOver.add(name);
        break;
      case 'task.compensating':
        facts.undone.add(name);
        break;
      case 'decision.made': {
        // `gate#1/decision1`: the first question of the first attempt of the task `gate`.
        const [, asking] = /^(.+)#\d+\/[^/]+$/.exec(String(data.name)) ?? [];
        if (asking !== undefined) facts.deciders.set(asking, (facts.deciders.get(asking) ?? new Set()).add(String(data.by)));
        break;
      }
    }
  }
  return facts;
}
