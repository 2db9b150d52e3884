import type { TaskContract } from '@summit/maestro-sdk';
import type { Lock } from '../lock/lock.ts';
import { highest, sorted } from './versions.ts';

/** The installed tasks by name and version. With a lock, a reference that it knows stands for the locked version only. */
export class ContractIndex {
  readonly #byName = new Map<string, Map<string, TaskContract>>();
  readonly #resolved = new Map<string, TaskContract | undefined>();

  readonly #lock: Lock | undefined;

  constructor(contracts: readonly TaskContract[], lock?: Lock) {
    this.#lock = lock;
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

  /** The contract of exactly this version. */
  at(name: string, version: string): TaskContract | undefined {
    return this.#byName.get(name)?.get(version);
  }

  /** The locked version, or the highest installed one that satisfies the range; `undefined` where that is not installed. */
  resolve(name: string, range: string): TaskContract | undefined {
    const key = `${name}@${range}`;
    if (!this.#resolved.has(key)) {
      const versions = this.#byName.get(name);
      const version = this.#lock?.references.get(key)?.version ?? (versions && highest(versions.keys(), range));
      this.#resolved.set(key, version === undefined ? undefined : versions?.get(version));
    }
    return this.#resolved.get(key);
  }
}
