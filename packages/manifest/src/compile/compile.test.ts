import { readFileSync } from 'node:fs';
import type { TaskContract } from '@summit/maestro-sdk';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { lockOf } from '../lock/lock-of.ts';
import { parseCatalog } from '../parse/catalog.ts';
import { compile } from './compile.ts';
import { planDigest } from './digest.ts';
import { parseDuration } from './durations.ts';
import { planOrder } from './order.ts';

const contracts = JSON.parse(readFileSync(new URL('../../testdata/contracts.json', import.meta.url), 'utf8')) as TaskContract[];
const shipped = readFileSync(new URL('../../../../runbooks/disclosure-packager.yaml', import.meta.url), 'utf8');

function compiled(text: string, ref: string) {
  const { catalog } = parseCatalog([{ path: 'a.yaml', text }]);
  return compile(catalog, contracts, ref, { lock: lockOf(catalog, contracts) });
}

const workflow = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: demo, version: 1.0.0 }
spec:
  parameters:
    - { name: bucket, type: string, required: true }
  timeout: 2h
  policy: { purpose: a, authority: b, license: c }
  tasks:
    - id: last
      uses: tasks/notify.slack@^0.1
      needs: [first]
      with: { text: "\${tasks.first.output.etag} of \${params.bucket}, $\${literal}", webhook: "\${secrets.HOOK}" }
      retry: { maxAttempts: 5, maxInterval: 1m }
    - id: first
      uses: connectors/s3.get@0.1.0
      with: { bucket: "\${params.bucket}", key: raw.json }
      timeout: 500ms
    - id: alone
      uses: tasks/wait.sleep@<1
      with: { ms: 1 }
  outputs: { etag: "\${tasks.first.output.etag}", $odd: { a: [1, null, true] } }
`;

describe('compile', () => {
  it('pins versions, orders tasks, turns durations into milliseconds and values into templates', () => {
    const { plan, diagnostics } = compiled(workflow, 'demo');
    expect(diagnostics).toEqual([]);
    expect(plan).toMatchObject({
      apiVersion: 'maestro/v1',
      kind: 'Plan',
      workflow: { name: 'demo', version: '1.0.0' },
      timeout: 7_200_000,
      policy: { purpose: 'a', authority: 'b', license: 'c' },
      inputs: [{ name: 'bucket', type: 'string', required: true }],
      bindings: { bucket: { $cel: 'inputs.bucket' } },
      outputs: { etag: { $cel: 'tasks.first.output.etag' }, $odd: { a: [1, null, true] } },
    });
    expect(
      plan?.tasks.map(({ id, uses, needs, timeout, retry }) => ({ id, uses: `${uses.name}@${uses.version}`, needs, timeout, retry })),
    ).toEqual([
      { id: 'first', uses: 'connectors/s3.get@0.1.0', needs: [], timeout: 500, retry: undefined },
      // What the manifest leaves open is as the contract says.
      {
        id: 'last',
        uses: 'tasks/notify.slack@0.1.0',
        needs: ['first'],
        timeout: 30_000,
        retry: { maxAttempts: 5, initialInterval: 1_000, maxInterval: 60_000 },
      },
      { id: 'alone', uses: 'tasks/wait.sleep@0.2.0', needs: [], timeout: undefined, retry: undefined },
    ]);
    expect(plan?.tasks[1]?.with).toEqual({
      text: { $text: [{ $cel: 'tasks.first.output.etag' }, ' of ', { $cel: 'params.bucket' }, ', ${literal}'] },
      webhook: { $secret: 'HOOK' },
    });
    expect(plan && 'runbook' in plan).toBe(false);
  });

  it('carries what a runbook says about who may run it, who approves and why', () => {
    const runbook = `apiVersion: maestro/v1
kind: Runbook
metadata:
  name: demo
  version: 1.0.0
  owner: sre@summit
  allowList: { roles: [sre] }
  approvals: { required: true, approvers: [ombuds, legal], quorum: 1, expiresIn: 7d }
spec:
  inputs: [{ name: source, type: string, required: true }]
  workflowRef: demo@^1.0
  with: { bucket: "\${inputs.source}" }
  policy: { purpose: x, authority: y, license: z }
`;
    const { plan, diagnostics } = compiled(`${runbook}---\n${workflow}`, 'demo@1.0.0');
    expect(diagnostics).toEqual([]);
    expect(plan).toMatchObject({
      runbook: { name: 'demo', version: '1.0.0', owner: 'sre@summit' },
      allowRoles: ['sre'],
      approvals: { required: true, approvers: ['ombuds', 'legal'], quorum: 1, expiresIn: 604_800_000, allowSelfApproval: false },
      policy: { purpose: 'x', authority: 'y', license: 'z' },
      inputs: [{ name: 'source' }],
      bindings: { bucket: { $cel: 'inputs.source' } },
    });
    expect(compiled(`${runbook}---\n${workflow}`, 'workflows/demo').plan?.runbook).toBeUndefined();
  });

  it('gives the findings and no plan where there are errors, also of a twin in another file', () => {
    const broken = compiled(workflow.replace('needs: [first]', 'needs: [frist]'), 'demo');
    expect(broken.plan).toBeUndefined();
    expect(broken.diagnostics.map(({ code }) => code)).toEqual(['unknown-need']);
    const twice = parseCatalog([
      { path: 'a.yaml', text: workflow },
      { path: 'b.yaml', text: workflow },
    ]);
    expect(
      compile(twice.catalog, contracts, 'demo', { lock: lockOf(twice.catalog, contracts) }).diagnostics.map(
        ({ code, file }) => `${file} ${code}`,
      ),
    ).toEqual(['b.yaml duplicate-manifest']);
    // A mistake in a file that the plan is not made of does not matter.
    const other = parseCatalog([
      { path: 'a.yaml', text: workflow },
      { path: 'b.yaml', text: 'nonsense: [' },
    ]);
    expect(compile(other.catalog, contracts, 'demo', { lock: lockOf(other.catalog, contracts) }).diagnostics).toEqual([]);
  });

  it.each([
    ['dmo', 'the catalog has no runbook or workflow "dmo"; did you mean "demo"?'],
    ['demo@^2.0', 'no version of the workflow "demo" satisfies "^2.0"; there is "1.0.0"'],
    ['demo@latest', '"demo@latest" does not end in a version or semver range'],
    ['runbooks/demo', 'the catalog has no runbook "demo"'],
  ])('says what %s could have meant', (ref, message) => {
    const { plan, diagnostics } = compiled(workflow, ref);
    expect(plan).toBeUndefined();
    expect(diagnostics.map((diagnostic) => diagnostic.message)).toEqual([message]);
    expect(diagnostics[0]?.hint).toBeTruthy();
  });

  it('takes the highest version that satisfies, and a pre-release only where nothing else is there', () => {
    const versions = (...all: string[]) => all.map((version) => workflow.replace('version: 1.0.0', `version: ${version}`)).join('---\n');
    const chosen = (text: string, ref: string) => compiled(text, ref).plan?.workflow.version;
    expect(chosen(versions('1.2.0', '1.10.0', '2.0.0-rc.1'), 'demo')).toBe('1.10.0');
    expect(chosen(versions('1.2.0', '1.10.0', '2.0.0-rc.1'), 'demo@~1.2')).toBe('1.2.0');
    expect(chosen(versions('1.2.0', '1.10.0', '2.0.0-rc.1'), 'demo@2.0.0-rc.1')).toBe('2.0.0-rc.1');
    expect(chosen(versions('2.0.0-rc.1', '2.0.0-rc.2'), 'demo')).toBe('2.0.0-rc.2');
  });
});

describe('planDigest', () => {
  const digest = (text: string) => {
    const { plan, diagnostics } = compiled(text, 'disclosure-packager');
    expect(diagnostics).toEqual([]);
    return plan && planDigest(plan);
  };

  it('does not depend on formatting, comments, quotes, order of fields or line ends', () => {
    const expected = digest(shipped);
    expect(expected).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect(digest(`\ufeff# more\n\n${shipped.replaceAll('\n', '\r\n')}`)).toBe(expected);
    expect(digest(shipped.replace('outPath: bundle.zip', '"outPath":   \'bundle.zip\' # here'))).toBe(expected);
    expect(digest(shipped.replace(/( +)files: (.*)\n( +)outPath: (.*)\n/, '$3outPath: $4\n$1files: $2\n'))).toBe(expected);
    expect(digest(shipped.replace('approvers: [ombuds, legal]', 'approvers:\n      - ombuds\n      - legal'))).toBe(expected);
  });

  it('depends on everything that decides what runs', () => {
    const changes = [
      ['outPath: bundle.zip', 'outPath: other.zip'],
      ['approvers: [ombuds, legal]', 'approvers: [ombuds]'],
      ['purpose: disclosure', 'purpose: other'],
      ['minItems: 1', 'minItems: 2'],
    ] as const;
    const digests = changes.map(([from, to]) => digest(shipped.replace(from, to)));
    expect(new Set([digest(shipped), ...digests]).size).toBe(changes.length + 1);
  });
});

describe('planOrder', () => {
  it('puts every task after what it needs and otherwise keeps the order of the text', () => {
    const dag = fc
      .uniqueArray(fc.nat(30), { minLength: 1, maxLength: 12 })
      .chain((ids) =>
        fc.tuple(
          ...ids.map((id, at) => fc.subarray(ids.slice(0, at)).map((needs) => ({ id: `t${id}`, needs: needs.map((need) => `t${need}`) }))),
        ),
      );
    fc.assert(
      fc.property(
        dag.chain((tasks) => fc.shuffledSubarray(tasks, { minLength: tasks.length })),
        (tasks) => {
          const ordered = planOrder(tasks);
          expect(ordered).toHaveLength(tasks.length);
          for (const [at, task] of ordered.entries()) {
            const before = new Set(ordered.slice(0, at).map(({ id }) => id));
            expect(task.needs.every((need) => before.has(need))).toBe(true);
            // Of those that could have stood here it is the first in the text.
            const ready = tasks.find(({ id, needs }) => !before.has(id) && needs.every((need) => before.has(need)));
            expect(task).toBe(ready);
          }
        },
      ),
    );
  });
});

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['7d', 604_800_000],
    ['1.5h', undefined],
    ['5 m', undefined],
    ['', undefined],
  ])('%s', (text, expected) => {
    expect(parseDuration(text)).toBe(expected);
  });
});
