import type { Lock } from '../lock/lock.ts';
import type { Catalog, Manifest, Runbook, Workflow } from '../model/manifest.ts';
import { workflowKey } from '../model/references.ts';
import { highest, sorted } from './versions.ts';

/** The manifests of a catalog by kind, name and version. With a lock, a workflow that it knows a reference to is the locked version only. */
export class ManifestIndex {
  readonly #manifests = new Map<string, Map<string, [Manifest, ...Manifest[]]>>();

  readonly #lock: Lock | undefined;

  constructor(catalog: Catalog, lock?: Lock) {
    this.#lock = lock;
    for (const manifest of catalog.manifests) {
      if (manifest.name === undefined || manifest.version === undefined) continue;
      const key = `${manifest.kind}/${manifest.name}`;
      const versions = this.#manifests.get(key) ?? new Map<string, [Manifest, ...Manifest[]]>();
      const twins = versions.get(manifest.version);
      if (twins) twins.push(manifest);
      else versions.set(manifest.version, [manifest]);
      this.#manifests.set(key, versions);
    }
  }

  names(kind: Manifest['kind']): string[] {
    const prefix = `${kind}/`;
    const keys = [...this.#manifests.keys()].filter((key) => key.startsWith(prefix));
    return keys.map((key) => key.slice(prefix.length)).sort();
  }

  /** Highest first; empty where no manifest of this kind has the name. */
  versions(kind: Manifest['kind'], name: string): string[] {
    return sorted(this.#manifests.get(`${kind}/${name}`)?.keys() ?? []);
  }

  /** All manifests with the kind, name and version of this one, itself included; more than one is a mistake. */
  twins(manifest: Manifest): Manifest[] {
    return this.#manifests.get(`${manifest.kind}/${manifest.name}`)?.get(manifest.version ?? '') ?? [manifest];
  }

  /** The manifest of exactly this version. */
  at(kind: Manifest['kind'], name: string, version: string): Manifest | undefined {
    return this.#manifests.get(`${kind}/${name}`)?.get(version)?.[0];
  }

  runbook(name: string, range: string): Runbook | undefined {
    return this.#resolve('Runbook', name, range) as Runbook | undefined;
  }

  /** The locked version, or the highest that satisfies the range; `undefined` where that is not in the catalog. */
  workflow(name: string, range: string): Workflow | undefined {
    return this.#resolve('Workflow', name, this.#lock?.references.get(workflowKey(name, range))?.version ?? range) as Workflow | undefined;
  }

  #resolve(kind: Manifest['kind'], name: string, range: string): Manifest | undefined {
    const versions = this.#manifests.get(`${kind}/${name}`);
    const version = versions?.has(range) ? range : versions && highest(versions.keys(), range);
    return version === undefined ? undefined : versions?.get(version)?.[0];
  }
}
