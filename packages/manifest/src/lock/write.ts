import type { Lock } from './lock.ts';

const HEADER = `# The versions this catalog runs with, and the content of its manifests. Written by \`maestro lock\`: do not edit.
# Keep it with the manifests; \`maestro run --locked\` and \`maestro lock --check\` refuse whatever deviates from it.
`;

/** The text of a lock file: the same content always gives the same text, one line for each change. Throws for references that are unresolved. */
export function lockText(lock: Lock): string {
  const lines = [HEADER, 'lockVersion: 1', lock.references.size === 0 ? 'references: {}' : 'references:'];
  for (const [ref, { version, digest }] of sortedEntries(lock.references)) {
    if (version === undefined) throw new Error(`${ref} resolves to nothing and cannot be locked`);
    lines.push(`  ${key(ref)}:`, `    version: ${version}`);
    if (digest !== undefined) lines.push(`    digest: ${digest}`);
  }
  lines.push(lock.manifests.size === 0 ? 'manifests: {}' : 'manifests:');
  for (const [name, digest] of sortedEntries(lock.manifests)) lines.push(`  ${key(name)}: ${digest}`);
  return `${lines.join('\n')}\n`;
}

function sortedEntries<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Plain where that is YAML beyond doubt; a range may hold `>`, `|` and blanks. */
function key(text: string): string {
  return /^[a-z][\w./^~+-]*@[\w.^~+-]*$/i.test(text) ? text : JSON.stringify(text);
}
