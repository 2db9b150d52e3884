import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { onTestFinished } from 'vitest';

const SDK = import.meta.resolve('@summit/maestro-sdk');

/** A folder with files, removed after the test. */
export function folder(files: Record<string, string> = {}): string {
  const dir = realpathSync(mkdtempSync(path.join(tmpdir(), 'maestro-cli-')));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(dir, name)), { recursive: true });
    writeFileSync(path.join(dir, name), text);
  }
  return dir;
}

/** A project with a task package of its own and the runbooks `hello`, `gated`, `flaky`, `broken`, `repair`, `slow`, `stubborn` and `typed`. */
export function project(extra: Record<string, string> = {}): string {
  return folder({
    'maestro.config.json': JSON.stringify({
      packages: ['@summit/maestro-tasks-core', './tasks'],
      identity: { user: 'ada', roles: ['sre'] },
    }),
    'tasks/package.json': JSON.stringify({ name: 'test-tasks', version: '1.0.0', type: 'module', maestro: { tasks: './index.js' } }),
    'tasks/index.js': TASKS,
    'runbooks/hello.yaml': manifests('hello', { input: PAUSE, tasks: WAIT }),
    'runbooks/gated.yaml': manifests('gated', { input: PAUSE, tasks: WAIT, approvals: '{ required: true, approvers: [ombuds, legal] }' }),
    'runbooks/flaky.yaml': manifests('flaky', { tasks: '    - { id: try, uses: tasks/flaky@1.0.0, with: {} }\n' }),
    'runbooks/broken.yaml': manifests('broken', {
      tasks:
        '    - { id: break, uses: tasks/broken@1.0.0, with: {} }\n    - { id: never, uses: tasks/wait.sleep@0.1.0, needs: [break], with: { ms: 1 } }\n',
    }),
    'runbooks/slow.yaml': manifests('slow', { tasks: '    - { id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: 600000 } }\n' }),
    'runbooks/stubborn.yaml': manifests('stubborn', { tasks: '    - { id: hold, uses: tasks/stubborn@1.0.0, with: {} }\n' }),
    'runbooks/typed.yaml': TYPED,
    'runbooks/repair.yaml': REPAIR,
    ...extra,
  });
}

interface Parts {
  tasks: string;
  input?: string;
  approvals?: string;
}

function manifests(name: string, { tasks, input, approvals }: Parts): string {
  return `apiVersion: maestro/v1
kind: Runbook
metadata:
  name: ${name}
  version: 1.0.0
  owner: ops@test
${approvals === undefined ? '' : `  approvals: ${approvals}\n`}spec:
${input === undefined ? '' : `  inputs:\n${input}`}  workflowRef: ${name}@1.0.0
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: ${name}, version: 1.0.0 }
spec:
${input === undefined ? '' : `  parameters:\n${input}`}  tasks:
${tasks}${tasks.includes('id: wait') && input !== undefined ? "  outputs:\n    slept: '${tasks.wait.output.slept}'\n" : ''}`;
}

const PAUSE = "    - { name: pause, type: integer, required: true, description: 'How long to wait, in milliseconds' }\n";
const WAIT = "    - { id: wait, uses: tasks/wait.sleep@0.1.0, with: { ms: '${params.pause}' } }\n";

const REPAIR = `apiVersion: maestro/v1
kind: Runbook
metadata: { name: repair, version: 1.0.0, owner: ops@test }
spec:
  inputs:
    - { name: file, type: string, required: true }
  workflowRef: repair@1.0.0
---
apiVersion: maestro/v1
kind: Workflow
metadata: { name: repair, version: 1.0.0 }
spec:
  parameters:
    - { name: file, type: string, required: true }
  tasks:
    - { id: before, uses: tasks/wait.sleep@0.1.0, with: { ms: 1 } }
    - { id: mend, uses: tasks/mended@1.0.0, needs: [before], with: { file: '\${params.file}' } }
    - { id: after, uses: tasks/wait.sleep@0.1.0, needs: [mend], with: { ms: 2 } }
  outputs:
    before: '\${tasks.before.output.slept}'
    after: '\${tasks.after.output.slept}'
    key: '\${tasks.mend.output.key}'
`;

const TYPED = `apiVersion: maestro/v1
kind: Workflow
metadata: { name: typed, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: test, license: test }
  parameters:
    - { name: text, type: string, required: true }
    - { name: whole, type: integer, required: true }
    - { name: yes, type: boolean, required: true }
    - { name: list, type: array, required: true }
    - { name: map, type: object, required: true }
    - { name: color, type: string, required: false, enum: [red, green], default: red }
  tasks:
    - id: echo
      uses: tasks/echo@1.0.0
      with: { value: ['\${params.text}', '\${params.whole}', '\${params.yes}', '\${params.list}', '\${params.map}', '\${params.color}'] }
  outputs:
    value: '\${tasks.echo.output.value}'
`;

const TASKS = `import { existsSync } from 'node:fs';
import { TaskError } from '${SDK}';
const base = { version: '1.0.0', title: 'T', description: 'D', examples: [], effect: 'none' };
const empty = { type: 'object', properties: {}, additionalProperties: false };
export const tasks = [
  {
    ...base, name: 'tasks/flaky', input: empty, output: empty, retry: { maxAttempts: 3, initialInterval: 1 },
    async execute(ctx) {
      ctx.logger.info('trying', { attempt: ctx.attempt });
      if (ctx.attempt < 2) throw TaskError.transient('SERVICE_BUSY', 'the service is busy');
      await ctx.emit('done', { attempt: ctx.attempt });
      return { payload: {} };
    },
  },
  {
    ...base, name: 'tasks/broken', input: empty, output: empty,
    async execute() { throw TaskError.terminal('THING_BROKEN', 'the thing is broken\\u001b[2J'); },
  },
  {
    ...base, name: 'tasks/mended',
    input: { type: 'object', properties: { file: { type: 'string' } }, required: ['file'], additionalProperties: false },
    output: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
    async execute(ctx, { payload }) {
      if (!existsSync(payload.file)) throw TaskError.terminal('NOT_MENDED', 'the thing is broken');
      return { payload: { key: ctx.idempotencyKey } };
    },
  },
  {
    ...base, name: 'tasks/rewritten', durable: true,
    input: { type: 'object', properties: { file: { type: 'string' } }, required: ['file'], additionalProperties: false },
    output: empty,
    async execute(ctx, { payload }) {
      if (existsSync(payload.file)) await ctx.now();
      await ctx.sleep(600_000);
      return { payload: {} };
    },
  },
  {
    ...base, name: 'tasks/holding',
    input: { type: 'object', properties: { file: { type: 'string' } }, required: ['file'], additionalProperties: false },
    output: { type: 'object', properties: { key: { type: 'string' } }, required: ['key'] },
    async execute(ctx, { payload }) {
      while (!existsSync(payload.file)) await new Promise((resolve) => setTimeout(resolve, 50));
      return { payload: { key: ctx.idempotencyKey } };
    },
  },
  {
    ...base, name: 'tasks/stubborn', input: empty, output: empty,
    async execute() {
      await new Promise((resolve) => setTimeout(resolve, 60_000));
      return { payload: {} };
    },
  },
  {
    ...base, name: 'tasks/echo', effect: 'write',
    input: { type: 'object', properties: { value: {} }, required: ['value'], additionalProperties: false },
    output: { type: 'object', properties: { value: {} }, required: ['value'] },
    resources: ({ value }) => [{ type: 'echo', id: String(value[0]) }],
    async execute(_ctx, { payload }) { return { payload }; },
  },
];
`;
