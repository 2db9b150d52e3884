import { choices, quoted } from '@summit/maestro-expressions/text';
import type { Diagnostic } from '../diagnostic.ts';
import { parseDocuments } from '../parse/documents.ts';
import { child, type Entry, isString, type MapNode, type Node } from '../parse/node.ts';
import { highest, isRange } from '../resolve/versions.ts';
import { checkValue } from '../schema/check.ts';
import { schemaDiagnostic } from '../schema/place.ts';
import type { SchemaProblem } from '../schema/problem.ts';
import { SourceFile } from '../text/source.ts';
import type { Lock, LockedReference } from './lock.ts';

const AGAIN = 'write it again with `maestro lock`';
const digest = { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' };
const lockSchema = {
  type: 'object',
  properties: {
    lockVersion: { const: 1 },
    references: {
      type: 'object',
      additionalProperties: {
        type: 'object',
        properties: { version: { type: 'string' }, digest },
        required: ['version'],
        additionalProperties: false,
      },
    },
    manifests: { type: 'object', additionalProperties: digest },
  },
  required: ['lockVersion', 'references', 'manifests'],
  additionalProperties: false,
};

/** Reads a lock file. Never throws; where anything is wrong, every problem is told with its place and there is no lock. */
export function parseLock({ path, text }: { path: string; text: string }): { lock?: Lock; diagnostics: Diagnostic[] } {
  const file = new SourceFile(path, text);
  const { roots, problems } = parseDocuments(file);
  if (problems.length > 0) {
    const diagnostics = problems.map(({ start, end, message }): Diagnostic => {
      const told = `the lock file cannot be read: ${message}`;
      return { code: 'yaml-syntax', severity: 'error', message: told, file: path, range: file.range(start, end), hint: AGAIN };
    });
    return { diagnostics };
  }
  const [root, second] = roots;
  const wrong = (node: Node | undefined, message: string): Diagnostic => ({
    code: 'manifest-schema',
    severity: 'error',
    message,
    file: path,
    range: node ? file.range(node.start, node.end) : file.range(0, 0),
    hint: AGAIN,
  });
  if (!root) return { diagnostics: [wrong(undefined, 'the lock file is empty')] };
  if (second) return { diagnostics: [wrong(second, 'the lock file holds more than one document')] };
  const version = child(root, 'lockVersion');
  if (version?.kind === 'scalar' && typeof version.value === 'number' && version.value > 1) {
    return { diagnostics: [wrong(version, `the lock file has version ${version.value}; this version of maestro reads 1`)] };
  }
  const shape = checkValue(lockSchema, root, { noun: 'field', trustedPatterns: true });
  if (shape.length > 0) return { diagnostics: shape.map((problem) => report(file, root, problem)) };
  const entries = [...references(root as MapNode)];
  const broken = entries.flatMap((entry) => {
    const why = contradiction(entry);
    return why === undefined ? [] : [wrong(entry.key, why)];
  });
  return broken.length > 0 ? { diagnostics: broken } : { lock: lockIn(entries, root as MapNode), diagnostics: [] };
}

function report(file: SourceFile, root: Node, problem: SchemaProblem): Diagnostic {
  const place = problem.path.length === 0 ? 'the lock file' : problem.path.map(String).map(quoted).join(' > ');
  const { replacement: _, near: __, ...plain } = problem;
  return schemaDiagnostic('manifest-schema', file, root, { ...plain, hint: AGAIN }, `${place} ${problem.text}`);
}

function references(root: MapNode): Iterable<Entry> {
  const node = child(root, 'references');
  return node?.kind === 'map' ? node.entries.values() : [];
}

/** What is locked for a reference has to satisfy it, else it could never have been resolved so. */
function contradiction({ name, value }: Entry): string | undefined {
  const range = name.slice(name.lastIndexOf('@') + 1);
  const version = child(value, 'version');
  if (!name.includes('@', 1) || !isRange(range)) return `${quoted(name)} is no reference: it does not end in a version or semver range`;
  if (isString(version) && highest([version.value], range) === undefined) {
    return `${quoted(name)} is locked to ${quoted(version.value)}, which does not satisfy it`;
  }
  const task = !name.startsWith('workflows/');
  if (task === (child(value, 'digest') !== undefined)) return undefined;
  return task
    ? `${quoted(name)} lacks ${choices(['digest'])}, the digest of the task's contract`
    : `${quoted(name)} is a workflow and has no digest here`;
}

function lockIn(entries: readonly Entry[], root: MapNode): Lock {
  const lock: Lock = { references: new Map(), manifests: new Map() };
  for (const { name, value } of entries) {
    const locked: LockedReference = {};
    for (const field of ['version', 'digest'] as const) {
      const text = child(value, field);
      if (isString(text)) locked[field] = text.value;
    }
    lock.references.set(name, locked);
  }
  const manifests = child(root, 'manifests');
  if (manifests?.kind === 'map')
    for (const { name, value } of manifests.entries.values()) if (isString(value)) lock.manifests.set(name, value.value);
  return lock;
}
