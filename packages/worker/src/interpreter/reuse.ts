import { canonicalJson, sha256Hex } from '@summit/maestro-sdk';
import type { Reuse, RunError } from '../run.ts';
import type { RunInput } from './run-input.ts';

/** Tells one list of items from another. */
export function listDigest(items: readonly unknown[]): string {
  return `sha256:${sha256Hex(canonicalJson(items))}`;
}

/** The interpreter's view of {@link Reuse}. */
export class TakenOver {
  readonly #reuse: Reuse | undefined;
  /** Names that begin with one of these belong to items of another list. */
  readonly #void: string[] = [];

  constructor({ reuse }: Pick<RunInput, 'reuse'>) {
    this.#reuse = reuse;
  }

  /** The output of what is not executed again. */
  result(name: string): { output: unknown } | undefined {
    const results = this.#reuse?.results;
    return results !== undefined && this.#counts(name) && Object.hasOwn(results, name) ? { output: results[name] } : undefined;
  }

  /** The failure of what is not tried again. */
  tolerated(name: string): RunError | undefined {
    const { tolerated } = this.#reuse ?? {};
    return tolerated !== undefined && this.#counts(name) && Object.hasOwn(tolerated, name) ? tolerated[name] : undefined;
  }

  /** The run under whose id `name` has its idempotency key; undefined: this one. */
  begunIn(name: string): string | undefined {
    const { begun } = this.#reuse ?? {};
    return begun !== undefined && this.#counts(name) && Object.hasOwn(begun, name) ? begun[name] : undefined;
  }

  /** To be told of every list before its items are asked about: those of another list are not the same, whatever their number. */
  list(task: string, digest: string): void {
    if (this.#reuse === undefined) return;
    const { lists } = this.#reuse;
    if (lists === undefined || !Object.hasOwn(lists, task) || lists[task] !== digest) this.#void.push(`${task}[`);
  }

  #counts(name: string): boolean {
    return !this.#void.some((prefix) => name.startsWith(prefix));
  }
}
