import path from 'node:path';
import { CliError } from '../errors.ts';
import type { NewFile } from './write.ts';

/** A working runbook called `name`, with its workflow and its test, in the catalog folder `dir`. Throws `USAGE` for a bad name. */
export function newRunbookFiles(
  name: string,
  dir: string,
  facts: { owner: string; sleepVersion: string; schemaLine: string },
): [manifest: NewFile, test: NewFile] {
  if (!/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name)) {
    throw new CliError(`"${name}" is no name of a runbook`, { code: 'USAGE', next: 'write it in kebab-case, e.g. nightly-export' });
  }
  return [
    { path: path.join(dir, `${name}.yaml`), text: manifestText(name, facts) },
    { path: path.join(dir, 'test', `${name}.test.ts`), text: testText(name) },
  ];
}

function manifestText(
  name: string,
  { owner, sleepVersion, schemaLine }: { owner: string; sleepVersion: string; schemaLine: string },
): string {
  return `${schemaLine}
apiVersion: maestro/v1
kind: Runbook
metadata:
  name: ${name}
  version: 0.1.0
  owner: ${owner}
  description: Waits for a moment.
spec:
  type: demo
  inputs:
    - name: pause
      type: integer
      required: false
      default: 100
      description: How long to wait, in milliseconds
  workflowRef: ${name}@0.1.0
---
${schemaLine}
apiVersion: maestro/v1
kind: Workflow
metadata:
  name: ${name}
  version: 0.1.0
  owner: ${owner}
spec:
  parameters:
    - name: pause
      type: integer
      required: true
      description: How long to wait, in milliseconds
  tasks:
    - id: wait
      uses: tasks/wait.sleep@${sleepVersion}
      with:
        ms: \${params.pause}
  outputs:
    slept: \${tasks.wait.output.slept}
`;
}

function testText(name: string): string {
  return `import { fileURLToPath } from 'node:url';
import { execute } from '@summit/maestro-cli/testing';
import { expect, test } from 'vitest';

const catalog = fileURLToPath(new URL('..', import.meta.url));
const manifest = fileURLToPath(new URL('../${name}.yaml', import.meta.url));
/** The first command loads every task package, for which a busy machine takes longer than the five seconds that vitest gives a test. */
const TIMEOUT_MS = 60_000;

test('${name} lints clean', async () => {
  expect(await execute(['lint', manifest])).toMatchObject({ code: 0 });
}, TIMEOUT_MS);

test('${name} runs', async () => {
  const { code, stdout } = await execute(['run', '${name}', '--catalog', catalog, '--ephemeral', '--json', '--input', 'pause=1']);
  const lines = stdout.trim().split('\\n');
  const { result } = JSON.parse(lines.at(-1) ?? '');
  expect(code).toBe(0);
  expect(result).toMatchObject({ status: 'succeeded', outputs: { slept: 1 } });
}, TIMEOUT_MS);
`;
}
