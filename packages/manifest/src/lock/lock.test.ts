import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compile } from '../compile/compile.ts';
import { lint } from '../lint/lint.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { compareLock } from './compare.ts';
import type { Lock } from './lock.ts';
import { lockOf } from './lock-of.ts';
import { outdated } from './outdated.ts';
import { parseLock } from './parse.ts';
import { lockText } from './write.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
const old = contracts.filter(({ name, version }) => name !== 'tasks/wait.sleep' || version === '0.1.0');
const text = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: demo, version: 2.0.0, owner: a@b }
spec: { workflowRef: demo@^1.0 }
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.4.0 }
spec:
  tasks:
    - { id: a, uses: tasks/wait.sleep@>=0.1 <1, with: { ms: 1 } }
`;
const catalogOf = (manifests: string) => parseCatalog([{ path: 'a.yaml', text: manifests }]).catalog;
const catalog = catalogOf(text);
const read = (lock: string) => parseLock({ path: 'maestro.lock.yaml', text: lock });
const ref = 'tasks/wait.sleep@>=0.1 <1';

function locked(by: TaskContract[] = old): Lock {
  return lockOf(catalog, by);
}

describe('a lock', () => {
  it('says what every reference resolves to, and what every manifest contains', () => {
    const lock = lockText(locked());
    expect(lock).toMatchInlineSnapshot(`
      "# The versions this catalog runs with, and the content of its manifests. Written by \`maestro lock\`: do not edit.
      # Keep it with the manifests; \`maestro run --locked\` and \`maestro lock --check\` refuse whatever deviates from it.

      lockVersion: 1
      references:
        "tasks/wait.sleep@>=0.1 <1":
          version: 0.1.0
          digest: sha256:7461736b732f776169742e736c656570302e312e300000000000000000000000
        workflows/demo@^1.0:
          version: 1.4.0
      manifests:
        runbooks/demo@2.0.0: sha256:3fff5d67790f50044a96a5af25b28bebd66950a5048981410e28dbedef2d760e
        workflows/demo@1.4.0: sha256:3889530cfde7bbb437a77d35413dc5b035648306669d4a2720059f374d0c6be8
      "
    `);
    expect(read(lock)).toEqual({ lock: locked(), diagnostics: [] });
    expect(lockText(lockOf(catalogOf(''), contracts))).toMatch(/references: \{\}\nmanifests: \{\}\n$/);
  });

  it('is the same for other comments, formatting and order of keys', () => {
    const other = text.replace('{ name: demo, version: 2.0.0, owner: a@b }', '\n  owner: "a@b" # who\n  version: 2.0.0\n  name: demo');
    expect(lockText(lockOf(catalogOf(`# why\n${other}`), old))).toBe(lockText(locked()));
  });

  it('counts the references of sub-workflows, compensations and hooks', () => {
    const wide = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: wide, version: 1.0.0 }
spec:
  tasks:
    - { id: a, uses: workflows/demo@1.x, with: {}, compensate: { uses: tasks/wait.sleep@~0.1.0, with: { ms: 1 } } }
  onFailure:
    - { id: b, uses: tasks/notify.slack@^0.1, with: { text: x } }
  finally:
    - { id: c, uses: tasks/wait.sleep@*, with: { ms: 1 } }
`;
    const { references } = lockOf(catalogOf(`${text}---\n${wide}`), contracts);
    expect([...references].map(([key, { version }]) => `${key} ${version}`)).toEqual([
      'workflows/demo@^1.0 1.4.0',
      `${ref} 0.2.0`,
      'workflows/demo@1.x 1.4.0',
      'tasks/wait.sleep@~0.1.0 0.1.0',
      'tasks/notify.slack@^0.1 0.1.0',
      'tasks/wait.sleep@* 0.2.0',
    ]);
  });

  it('decides what references resolve to, also when something newer is installed', () => {
    expect(compile(catalog, contracts, 'demo').plan?.tasks[0]?.uses.version).toBe('0.2.0');
    const { plan, diagnostics } = compile(catalog, contracts, 'demo', { lock: locked() });
    expect(plan?.tasks[0]?.uses.version).toBe('0.1.0');
    expect(diagnostics.filter(({ code }) => code === 'floating-version')).toEqual([]);
    const newer = catalogOf(`${text}---\n${text.slice(text.indexOf('---') + 4).replace('1.4.0', '1.5.0')}`);
    expect(compile(newer, contracts, 'demo').plan?.workflow.version).toBe('1.5.0');
    expect(compile(newer, contracts, 'demo', { lock: locked() }).plan?.workflow.version).toBe('1.4.0');
  });

  it('whose version is not installed is an error at the reference', () => {
    const gone = contracts.filter(({ name, version }) => name !== 'tasks/wait.sleep' || version === '0.2.0');
    expect(lint(catalog, gone, { lock: locked() })).toMatchObject([
      {
        code: 'unsatisfied-version',
        message: `the lock file says that "${ref}" is "0.1.0", which is not there; there is "0.2.0"`,
        hint: 'install 0.1.0, or run `maestro lock` to lock what is installed',
      },
    ]);
    const moved = catalogOf(text.replace('1.4.0', '1.5.0'));
    expect(lint(moved, old, { lock: locked() }).map(({ code, message }) => `${code} ${message}`)).toEqual([
      'workflow-not-found the lock file says that "demo@^1.0" is "1.4.0", which is not there; there is "1.5.0"',
    ]);
  });

  it('does not cover a range that it does not know', () => {
    const other = catalogOf(text.replace('@>=0.1 <1', '@^0.1.0'));
    expect(lint(other, old, { lock: locked() }).filter(({ code }) => code === 'floating-version')).toHaveLength(1);
  });
});

describe('deviations', () => {
  const tell = (lock: Lock, found: Lock) =>
    compareLock(lock, found).map(({ kind, subject, expected, found: is }) => [kind, subject, expected, is]);

  it('are told with what was expected and what there is', () => {
    const lock = locked();
    expect(tell(lock, lockOf(catalog, old, lock))).toEqual([]);
    // What is newer is no deviation: the lock keeps it out.
    expect(tell(lock, lockOf(catalog, contracts, lock))).toEqual([]);
    expect(tell(lock, lockOf(catalog, contracts))).toEqual([['version', ref, '0.1.0', '0.2.0']]);
    expect(tell(lock, lockOf(catalog, [], lock))).toEqual([['version', ref, '0.1.0', undefined]]);
    const rebuilt = old.map((contract) => ({ ...contract, digest: `sha256:${'1'.repeat(64)}` }));
    expect(tell(lock, lockOf(catalog, rebuilt, lock))).toEqual([
      ['contract', ref, lock.references.get(ref)?.digest, `sha256:${'1'.repeat(64)}`],
    ]);
    const changed = catalogOf(text.replace('ms: 1', 'ms: 2'));
    expect(tell(lock, lockOf(changed, old, lock))).toMatchObject([
      ['manifest-changed', 'workflows/demo@1.4.0', expect.anything(), expect.anything()],
    ]);
    const other = catalogOf(text.replaceAll('>=0.1 <1', '^0.1').replace('1.4.0', '1.4.1'));
    expect(tell(lock, lockOf(other, old, lock)).map(([kind, subject]) => `${kind} ${subject}`)).toEqual([
      `reference-gone ${ref}`,
      'reference-new tasks/wait.sleep@^0.1',
      'version workflows/demo@^1.0',
      'manifest-gone workflows/demo@1.4.0',
      'manifest-new workflows/demo@1.4.1',
    ]);
    const twins = catalogOf(`${text.replace('a@b', 'x@y')}---\n${text}`);
    expect(tell(lock, lockOf(twins, old, lock)).map(([kind]) => kind)).toEqual(['manifest-changed', 'manifest-changed']);
    for (const { message } of compareLock(lock, lockOf(other, old, lock))) expect(message).toContain('run `maestro lock`');
  });
});

describe('a broken lock file', () => {
  const good = lockText(locked());
  it.each<[name: string, text: string, place: string, message: RegExp]>([
    ['not YAML', 'references: {', '1:14', /^the lock file cannot be read: /],
    ['empty', '', '1:1', /is empty/],
    ['a list', '- a', '1:1', /^the lock file must be/],
    ['two documents', `${good}---\n${good}`, '18:1', /more than one document/],
    ['cut off', good.slice(0, good.indexOf('manifests:')), '4:1', /lacks.*manifests/],
    ['of a later version', good.replace('lockVersion: 1', 'lockVersion: 2'), '4:14', /has version 2/],
    ['another digest', good.replace('digest: sha256:7461', 'digest: sha1:7461'), '8:13', /"digest" .*sha1/],
    [
      'a version that does not satisfy',
      good.replace('version: 0.1.0', 'version: 1.0.0'),
      '6:3',
      /locked to "1.0.0", which does not satisfy it/,
    ],
    ['no reference', good.replace('workflows/demo@^1.0', 'workflows/demo'), '9:3', /"workflows\/demo" is no reference/],
    ['a task without a digest', good.replace(/\n {4}digest: .*/, ''), '6:3', /lacks "digest"/],
    ['an unknown field', `${good}\nextra: 1\n`, '15:1', /extra/],
    ['a dangerous key', `${good}  __proto__: 1\n`, '14:3', /__proto__/],
  ])('%s', (_, broken, place, message) => {
    const { lock, diagnostics } = read(broken);
    expect(lock).toBeUndefined();
    const [first] = diagnostics;
    expect(first?.message).toMatch(message);
    expect(`${first?.range.start.line}:${first?.range.start.col}`).toBe(place);
    expect(diagnostics.every(({ hint, file }) => hint !== undefined && file === 'maestro.lock.yaml')).toBe(true);
    expect(diagnostics.every(({ fix }) => fix === undefined)).toBe(true);
  });

  it('never throws, whatever is cut out of it or put into it', () => {
    fc.assert(
      fc.property(fc.nat(good.length), fc.nat(30), fc.string({ maxLength: 5 }), (at, length, insert) => {
        const { lock, diagnostics } = read(good.slice(0, at) + insert + good.slice(at + length));
        expect(lock === undefined).toBe(diagnostics.length > 0);
      }),
    );
  });
});

describe('outdated', () => {
  it('tells newer tasks with what changed in their contracts, and newer workflows', () => {
    const lock = locked();
    const strict = contracts.map((contract) => (contract.version === '0.2.0' ? { ...contract, effect: 'read' as const } : contract));
    const newer = catalogOf(`${text}---\n${text.slice(text.indexOf('---') + 4).replace('1.4.0', '1.5.0')}`);
    expect(outdated(newer, strict, lock)).toMatchObject([
      {
        ref,
        kind: 'task',
        name: 'tasks/wait.sleep',
        current: '0.1.0',
        wanted: '0.2.0',
        latest: '0.2.0',
        compatible: false,
        changes: [{ path: 'effect', breaking: true }],
        places: [
          { file: 'a.yaml', line: 11 },
          { file: 'a.yaml', line: 18 },
        ],
      },
      { ref: 'workflows/demo@^1.0', kind: 'workflow', current: '1.4.0', wanted: '1.5.0', latest: '1.5.0', compatible: true, changes: [] },
    ]);
    expect(outdated(catalog, contracts)).toEqual([]);
    expect(outdated(catalog, [])).toEqual([]);
  });

  it('compares what workflows take and return', () => {
    const workflow = (version: string, spec: string) =>
      `apiVersion: maestro/v1\nkind: Workflow\nmetadata: { name: demo, version: ${version} }\nspec:\n  tasks: []\n${spec}---\n`;
    const all = catalogOf(
      workflow('1.0.0', '  outputs: { a: 1 }\n') +
        workflow('2.0.0', '  parameters: [{ name: x, type: string, required: true }]\n') +
        text.slice(0, text.indexOf('---')).replace('^1.0', '1.0.0'),
    );
    expect(outdated(all, contracts)).toMatchObject([
      {
        current: '1.0.0',
        wanted: '1.0.0',
        latest: '2.0.0',
        compatible: false,
        changes: [
          { path: 'input.x', message: 'is new and required' },
          { path: 'output.a', message: 'was removed' },
        ],
      },
    ]);
  });
});
