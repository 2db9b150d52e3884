import type { Node } from '../parse/node.ts';

/**
 * The work that checking values may take, in steps of about a microsecond. A schema from a manifest is foreign: alternatives
 * that refer to each other multiply without end, and so do repetitions in patterns.
 */
export class Budget {
  #left: number;
  #told = false;

  constructor(steps: number) {
    this.#left = steps;
  }

  get exhausted(): boolean {
    return this.#left < 0;
  }

  /** Whether the steps can still be afforded. */
  take(steps: number): boolean {
    this.#left -= steps;
    return this.#left >= 0;
  }

  /** Whether this is the first to hear that it is exhausted: it is one mistake, however many values it concerns. */
  tell(): boolean {
    const first = !this.#told;
    this.#told = true;
    return first;
  }
}

/** Enough for every schema that was not written to be slow. */
export function budgetFor(node: Node): Budget {
  return new Budget(500_000 + 20 * sizeOf(node));
}

function sizeOf(node: Node): number {
  if (node.kind === 'scalar') return 1;
  let size = 1;
  if (node.kind === 'seq') for (const item of node.items) size += sizeOf(item);
  else for (const entry of node.entries.values()) size += sizeOf(entry.value);
  return size;
}
