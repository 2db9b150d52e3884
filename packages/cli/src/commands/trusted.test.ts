import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { compile, parseCatalog } from '@summit/maestro-manifest';
import { openRunner } from '@summit/maestro-worker';
import { loadContracts } from '@summit/maestro-worker/packages';
import { expect, test } from 'vitest';
import { folder } from '../../test/project.ts';
import { trustedCode } from '../catalog/trusted.ts';
import { resolveConfig } from '../config/resolve.ts';
import { execute } from '../testing.ts';

const workflow = (mapper: string) => `apiVersion: maestro/v1
kind: Workflow
metadata: { name: reshape, version: 1.0.0 }
spec:
  policy: { purpose: test, authority: test, license: test }
  parameters: [{ name: suffix, type: string, default: x }]
  tasks:
    - id: map
      uses: tasks/transform.map@0.1.0
      with:
        rows: [{ n: 1 }]
        vars: { suffix: "\${params.suffix}" }
        mapper: ${mapper}
  outputs: { rows: "\${tasks.map.output.rows}" }
`;
const CODE = `|
          // A dollar and braces of JavaScript are written with two dollars.
          return { text: \`$\${row.n} $\${vars.suffix}\` };`;
const catalogs = (mapper: string, trustedCatalogs: string[]) =>
  folder({
    'maestro.config.json': JSON.stringify({ catalogs: ['flows'], trustedCatalogs, identity: { user: 'ada', roles: [] } }),
    'flows/reshape.yaml': workflow(mapper),
  });

test('code of a trusted catalog is clean to lint and is executed', async () => {
  const cwd = catalogs(CODE, ['flows']);
  expect(await execute(['lint'], { cwd })).toMatchObject({ code: 0 });
  const { code, stdout } = await execute(['run', 'reshape', '--ephemeral', '--json', '--input', 'suffix=!'], { cwd });
  expect(code).toBe(0);
  expect(JSON.parse(stdout.trimEnd().split('\n').at(-1) as string).result.outputs).toEqual({ rows: [{ text: '1 !' }] });
});

test('code of any other catalog is neither', async () => {
  const cwd = catalogs(CODE, ['elsewhere']);
  mkdirSync(path.join(cwd, 'elsewhere'));
  const lint = await execute(['lint'], { cwd, env: { NO_COLOR: '1' } });
  expect(lint.code).toBe(1);
  expect(lint.stdout).toContain('holds JavaScript, and this catalog is not trusted');
  expect(await execute(['run', 'reshape', '--ephemeral'], { cwd })).toMatchObject({ code: 2 });
});

test('code that an expression puts together is told, in a trusted catalog too', async () => {
  const cwd = catalogs('"return row.${params.suffix}"', ['flows']);
  const { code, stdout } = await execute(['lint'], { cwd, env: { NO_COLOR: '1' } });
  expect(code).toBe(1);
  expect(stdout).toContain('is JavaScript that an expression puts together, which no worker executes');
});

test('a plan brings no trust along: the worker reads the catalogs that it trusts itself', async () => {
  const cwd = catalogs(CODE, ['flows']);
  const config = await resolveConfig({}, { cwd, env: {} });
  const contracts = await loadContracts(config.packages, config.root);
  const other = workflow('"return { stolen: true };"');
  const { plan } = compile(parseCatalog([{ path: 'other.yaml', text: other }]).catalog, contracts, 'reshape', { trusted: () => true });
  if (!plan) throw new Error('it does not compile');
  const runner = await openRunner({
    engine: { kind: 'in-process' },
    packages: config.packages,
    from: config.root,
    workspace: cwd,
    artifactsDir: path.join(cwd, 'artifacts'),
    trusts: trustedCode(config),
  });
  try {
    const run = await runner.start({ plan, inputs: {}, initiator: { id: 'ada', roles: [] } });
    expect(await run.result()).toMatchObject({ status: 'failed', error: { code: 'MAPPER_NOT_TRUSTED', task: 'map' } });
  } finally {
    await runner.close();
  }
});

test('what is no longer in the catalog is no longer trusted', async () => {
  const cwd = catalogs('return row', ['flows']);
  const trusts = trustedCode(await resolveConfig({}, { cwd, env: {} }));
  expect([await trusts('return row'), await trusts('return 1')]).toEqual([true, false]);
  renameSync(path.join(cwd, 'flows/reshape.yaml'), path.join(cwd, 'reshape.txt'));
  writeFileSync(path.join(cwd, 'flows/other.yaml'), workflow('return 1'));
  await expect.poll(() => trusts('return 1'), { timeout: 5_000 }).toBe(true);
  expect(await trusts('return row')).toBe(false);
});
