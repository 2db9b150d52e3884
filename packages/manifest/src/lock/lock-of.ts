import type { TaskContract } from '@summit/maestro-sdk';
import { canonicalJson, sha256Hex } from '@summit/maestro-sdk/canonical';
import type { Catalog, Manifest } from '../model/manifest.ts';
import { referencesOf } from '../model/references.ts';
import { toJson } from '../parse/node.ts';
import { ContractIndex } from '../resolve/contracts.ts';
import { ManifestIndex } from '../resolve/manifests.ts';
import type { Lock } from './lock.ts';

/**
 * What the references of a catalog resolve to, and what its manifests contain. With `lock`, a reference resolves to the
 * version that is locked for it; what the lock does not know, to the highest that satisfies it.
 */
export function lockOf(catalog: Catalog, contracts: readonly TaskContract[], lock?: Lock): Lock {
  const tasks = new ContractIndex(contracts, lock);
  const workflows = new ManifestIndex(catalog, lock);
  const found: Lock = { references: new Map(), manifests: new Map() };
  for (const manifest of catalog.manifests) {
    const key = manifestKey(manifest);
    if (key !== undefined) {
      const twin = found.manifests.get(key);
      // Of manifests that claim to be the same one, all count: neither may stand in for the other.
      found.manifests.set(key, twin === undefined ? contentDigest(manifest) : `sha256:${sha256Hex(twin + contentDigest(manifest))}`);
    }
    for (const { kind, name, range, key: ref } of referencesOf(manifest)) {
      if (found.references.has(ref)) continue;
      if (kind === 'task') {
        const contract = tasks.resolve(name, range);
        found.references.set(ref, contract ? { version: contract.version, digest: contract.digest } : {});
      } else {
        const version = workflows.workflow(name, range)?.version;
        found.references.set(ref, version === undefined ? {} : { version });
      }
    }
  }
  return found;
}

/** `sha256:<hex>` over the canonical JSON (RFC 8785) of a manifest. */
export function contentDigest(manifest: Manifest): string {
  return `sha256:${sha256Hex(canonicalJson(toJson(manifest.root)))}`;
}

/** How a lock file names a manifest; `undefined` where it has no valid name or version. */
export function manifestKey({ kind, name, version }: Manifest): string | undefined {
  return name === undefined || version === undefined ? undefined : `${kind === 'Runbook' ? 'runbooks' : 'workflows'}/${name}@${version}`;
}
