import type { JsonObject } from '@summit/maestro-sdk';

/** What is executed, by the names people know: a task, an item of it, or what undoes either. */
export interface Subject {
  /** `deploy`; in a sub-workflow `parent/deploy`; in item 3 of a list of sub-workflows `parent[3]/deploy`. */
  task: string;
  /** Which item of the task's `forEach`, from 0. */
  item?: number;
  /** It is what undoes the task. */
  compensation?: true;
}

/**
 * The subject's unique name within the run: of its steps, and of its idempotency key. Ids hold none of the characters
 * added here, so that no two subjects share a name.
 */
export function nameOf({ task, item, compensation }: Subject): string {
  return `${task}${item === undefined ? '' : `[${item}]`}${compensation ? ':compensate' : ''}`;
}

/** The subject as part of an event. */
export function subjectData({ task, item, compensation }: Subject): JsonObject {
  return { task, ...(item === undefined ? {} : { item }), ...(compensation ? { compensation } : {}) };
}
