import type { Lock, LockedReference } from './lock.ts';

/** A difference between a lock and what is there. */
export interface Deviation {
  kind: 'reference-new' | 'reference-gone' | 'version' | 'contract' | 'manifest-new' | 'manifest-gone' | 'manifest-changed';
  /** The reference or manifest, as the lock names it. */
  subject: string;
  /** What is locked; absent for what the lock does not know. */
  expected?: string;
  /** What there is; absent for what is gone or not installed. */
  found?: string;
  /** All of it in one sentence, with what to do. */
  message: string;
}

/** In what `found` differs from `lock`; both by {@link lockOf} or read from a file. Sorted: references, then manifests. */
export function compareLock(lock: Lock, found: Lock): Deviation[] {
  return [
    ...union(lock.references, found.references).flatMap((ref) => reference(ref, lock.references.get(ref), found.references.get(ref))),
    ...union(lock.manifests, found.manifests).flatMap((name) => manifest(name, lock.manifests.get(name), found.manifests.get(name))),
  ];
}

const ANEW = 'if that is meant, run `maestro lock`';

function reference(subject: string, expected: LockedReference | undefined, found: LockedReference | undefined): Deviation[] {
  if (!expected) {
    const is = found?.version === undefined ? {} : { found: found.version };
    const now = found?.version === undefined ? 'resolves to nothing' : `resolves to ${found.version}`;
    return [{ kind: 'reference-new', subject, ...is, message: `${subject} is not in the lock file; it ${now}: ${ANEW}` }];
  }
  const version = expected.version ?? '';
  if (!found) {
    const message = `${subject} is locked to ${version}, but nothing refers to it any more: ${ANEW}`;
    return [{ kind: 'reference-gone', subject, expected: version, message }];
  }
  if (found.version === undefined) {
    const message = `${subject} is locked to ${version}, which is not there: install it, or run \`maestro lock\``;
    return [{ kind: 'version', subject, expected: version, message }];
  }
  if (found.version !== version) {
    const message = `${subject} is locked to ${version}, but resolves to ${found.version}: install ${version}, or run \`maestro lock\``;
    return [{ kind: 'version', subject, expected: version, found: found.version, message }];
  }
  if (found.digest === expected.digest) return [];
  const message = `${subject}: the contract of version ${version} is ${found.digest ?? 'none'}, locked is ${expected.digest ?? 'none'}: install the package it was locked with, or run \`maestro lock\``;
  return [{ kind: 'contract', subject, ...digests(expected.digest, found.digest), message }];
}

function manifest(subject: string, expected: string | undefined, found: string | undefined): Deviation[] {
  if (expected === found) return [];
  if (expected === undefined) {
    return [{ kind: 'manifest-new', subject, ...digests(expected, found), message: `${subject} is not in the lock file: ${ANEW}` }];
  }
  if (found === undefined) {
    const message = `${subject} is in the lock file, but not in the catalog: bring it back, or run \`maestro lock\``;
    return [{ kind: 'manifest-gone', subject, expected, message }];
  }
  const message = `${subject} was changed: its content is ${found}, locked is ${expected}: undo the change, or run \`maestro lock\``;
  return [{ kind: 'manifest-changed', subject, expected, found, message }];
}

function digests(expected: string | undefined, found: string | undefined): Pick<Deviation, 'expected' | 'found'> {
  return { ...(expected === undefined ? {} : { expected }), ...(found === undefined ? {} : { found }) };
}

function union(a: ReadonlyMap<string, unknown>, b: ReadonlyMap<string, unknown>): string[] {
  return [...new Set([...a.keys(), ...b.keys()])].sort();
}
