import { SecretReference } from '@summit/maestro-manifest';

/**
 * A private copy of an evaluated input with every secret reference replaced by what `resolve` gives for its name.
 * Only references made by the manifest count: data that merely looks like one stays data.
 */
export async function resolveSecrets(value: unknown, resolve: (name: string) => Promise<string>): Promise<unknown> {
  if (value instanceof SecretReference) return resolve(value.$secret);
  if (Array.isArray(value)) {
    const copy: unknown[] = [];
    for (const entry of value) copy.push(needsWalk(entry) ? await resolveSecrets(entry, resolve) : entry);
    return copy;
  }
  if (!needsWalk(value)) return value;
  const copy: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(value)) {
    const resolved = needsWalk(entry) ? await resolveSecrets(entry, resolve) : entry;
    // Not an assignment: `__proto__` is a key like any other here.
    Object.defineProperty(copy, key, { value: resolved, enumerable: true, writable: true, configurable: true });
  }
  return copy;
}

function needsWalk(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
