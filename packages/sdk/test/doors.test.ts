import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot, runNode } from './run-node.ts';

/** Prints the URL of every module that is loaded, one a line, and then what the program says. */
const TRACE = `
import { registerHooks } from 'node:module';
registerHooks({ load(url, context, next) { console.log('loaded ' + url); return next(url, context); } });
`;

async function loadedBy(program: string): Promise<string[]> {
  const ended = await runNode(['--import', `data:text/javascript,${encodeURIComponent(TRACE)}`, '--input-type=module', '--eval', program]);
  expect(ended).toMatchObject({ code: 0, stderr: '' });
  return ended.stdout.split('\n').flatMap((line) => (line.startsWith('loaded ') ? [line.slice(7)] : []));
}

const DOORS = ['', '/canonical', '/schema', '/testing', '/workspace', '/artifacts', '/pool', '/abort', '/egress'];

it('loads neither schemas nor validators, and nothing of Node, through the main door', async () => {
  const modules = await loadedBy(`import '@summit/maestro-sdk';`);
  expect(modules.some((url) => url.endsWith('/dist/index.js'))).toBe(true);
  expect(modules.filter((url) => /typebox|ajv/.test(url))).toEqual([]);
  expect(modules.filter((url) => url.startsWith('node:'))).toEqual([]);
  expect(modules.length).toBeLessThan(40);
});

it('loads no validators through the doors a running task uses', async () => {
  for (const door of ['/workspace', '/artifacts']) {
    const modules = await loadedBy(`import '@summit/maestro-sdk${door}';`);
    expect(modules.filter((url) => /typebox|ajv/.test(url))).toEqual([]);
    // Modules of Node are seen, so the test above would see them.
    expect(modules).toContain('node:path');
  }
});

it('fills an empty context without loading the artifact store', async () => {
  const modules = await loadedBy(`
    import { createRunContext } from '@summit/maestro-sdk';
    const ctx = createRunContext({});
    ctx.artifacts; ctx.workspace; ctx.signal; await ctx.emit('x', {});
  `);
  expect(modules.filter((url) => url.includes('/artifacts/'))).toEqual([]);
});

it('has doors that package.json and this test agree on', async () => {
  const { exports } = JSON.parse(await readFile(join(packageRoot, 'package.json'), 'utf8')) as { exports: Record<string, string> };
  expect(Object.keys(exports).sort()).toEqual([
    '.',
    './abort',
    './artifacts',
    './canonical',
    './egress',
    './package.json',
    './pool',
    './schema',
    './telemetry',
    './testing',
    './workspace',
  ]);
});

it('has the same exports for import and require', async () => {
  for (const door of DOORS) {
    const name = `@summit/maestro-sdk${door}`;
    const imported = await runNode([
      '--input-type=module',
      '--eval',
      `import * as door from '${name}'; console.log(Object.keys(door).sort().join())`,
    ]);
    const required = await runNode([
      '--input-type=commonjs',
      '--eval',
      `console.log(Object.keys(require('${name}')).filter((key) => key !== '__esModule').sort().join())`,
    ]);
    expect(imported).toMatchObject({ code: 0, stderr: '' });
    expect(required.code).toBe(0);
    expect(required.stdout).toBe(imported.stdout);
    expect(required.stdout.trim()).not.toBe('');
  }
});

it('is usable from CommonJS, where errors are recognised across the two', async () => {
  const ended = await runNode([
    '--input-type=commonjs',
    '--eval',
    `
    const { createRunContext, defineTask, InvalidInputError, isTaskError } = require('@summit/maestro-sdk');
    const task = defineTask({ async execute(ctx, { payload }) { return { payload: createRunContext(ctx).namespace + payload } } });
    (async () => {
      console.log((await task.execute({}, { payload: '!' })).payload);
      const esm = await import('@summit/maestro-sdk');
      console.log(esm.InvalidInputError === InvalidInputError, esm.isTaskError(new InvalidInputError('x')), isTaskError(new Error('x')));
      const ref = await createRunContext({}).artifacts.put('hello');
      console.log(ref.size);
    })();
    `,
  ]);
  expect(ended.stderr).toBe('');
  expect(ended.stdout.trim().split('\n')).toEqual(['default!', 'true true false', '5']);
});

it('removes the artifacts of local contexts when the process ends', async () => {
  const ended = await runNode([
    '--input-type=module',
    '--eval',
    `
    import { readdirSync } from 'node:fs';
    import { tmpdir } from 'node:os';
    import { createRunContext } from '@summit/maestro-sdk';
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('maestro-artifacts-'));
    const before = folders();
    await createRunContext({}).artifacts.put('x');
    await createRunContext({}).artifacts.put('y');
    console.log(folders().filter((name) => !before.includes(name)).join());
    `,
  ]);
  const name = ended.stdout.trim();
  expect(name).toMatch(/^maestro-artifacts-\w+$/);
  const { tmpdir } = await import('node:os');
  const { existsSync } = await import('node:fs');
  expect(existsSync(join(tmpdir(), name))).toBe(false);
});

it('gives test contexts that plain Node disposes of by itself', async () => {
  const ended = await runNode([
    '--input-type=module',
    '--eval',
    `import { createTestContext } from '@summit/maestro-sdk/testing';
     let folder;
     { await using ctx = createTestContext({ files: { 'a.txt': 'a' } }); folder = ctx.workspace; }
     const { existsSync } = await import('node:fs');
     console.log(existsSync(folder));`,
  ]);
  expect(ended).toMatchObject({ code: 0, stderr: '', stdout: 'false\n' });
});
