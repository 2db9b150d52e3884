import type { TaskContract } from '@summit/maestro-sdk';
import { highest, sorted } from './versions.ts';

/** The installed tasks by name and version. */
export class ContractIndex {
  readonly #byName = new Map<string, Map<string, TaskContract>>();
  readonly #resolved = new Map<string, TaskContract | undefined>();

  constructor(contracts: readonly TaskContract[]) {
    for (const contract of contracts) {
      const versions = this.#byName.get(contract.name) ?? new Map<string, TaskContract>();
      if (!versions.has(contract.version)) versions.set(contract.version, contract);
      this.#byName.set(contract.name, versions);
    }
  }

  names(): string[] {
    return [...this.#byName.keys()].sort();
  }

  /** Highest first; empty for an unknown task. */
  versions(name: string): string[] {
    return sorted(this.#byName.get(name)?.keys() ?? []);
  }

  /** The highest installed version that satisfies the range. */
  resolve(name: string, range: string): TaskContract | undefined {
    const key = `${name}@${range}`;
    if (!this.#resolved.has(key)) {
      const versions = this.#byName.get(name);
      const version = versions && highest(versions.keys(), range);
      this.#resolved.set(key, version === undefined ? undefined : versions?.get(version));
    }
    return this.#resolved.get(key);
  }
}
