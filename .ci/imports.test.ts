import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './workspace.ts';

/** The rules about imports in .biome.json, each shown to refuse what it is there to refuse. */

let folder: string;

function write(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** The `path: rule` of everything that Biome refuses in the small workspace. */
function refused(): string[] {
  const { status, stdout, stderr } = spawnSync(
    join(root, 'node_modules/.bin/biome'),
    ['lint', '--vcs-enabled=false', '--reporter=github', '--max-diagnostics=none', '.'],
    { cwd: folder, encoding: 'utf8' },
  );
  const found = [...stdout.matchAll(/^::error title=lint\/\w+\/(\w+),file=([^,]+),/gm)].map(
    ([, rule, file = '']) => `${relative(folder, file)}: ${rule}`,
  );
  // Biome says with its exit code whether it is content; if this disagrees, it failed otherwise.
  if (status !== (found.length > 0 ? 1 : 0)) throw new Error(`biome ended with ${status}:\n${stdout}${stderr}`);
  return [...new Set(found)].sort();
}

const uses = (specifier: string): string => `import { value } from '${specifier}';\nexport const used = value;\n`;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'maestro-imports-')));
  copyFileSync(join(root, '.biome.json'), join(folder, '.biome.json'));
  for (const name of ['sdk', 'expressions', 'tasks-core', 'manifest', 'worker', 'cli']) {
    const all = ['sdk', 'expressions', 'tasks-core', 'manifest', 'worker', 'cli'].map((other) => [
      `@summit/maestro-${other}`,
      'workspace:^',
    ]);
    const manifest = { name: `@summit/maestro-${name}`, dependencies: Object.fromEntries(all), devDependencies: { vitest: '*' } };
    write(`packages/${name}/package.json`, JSON.stringify(manifest));
    write(`packages/${name}/src/index.ts`, "export { value } from './value.ts';\n");
    write(`packages/${name}/src/value.ts`, 'export const value = 1;\n');
  }
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('lets the packages import what lies below them', () => {
  write('packages/tasks-core/src/a.ts', uses('@summit/maestro-sdk/testing'));
  write('packages/expressions/src/a.ts', uses('@summit/maestro-sdk'));
  write('packages/tasks-core/src/b.ts', uses('@summit/maestro-expressions'));
  write('packages/manifest/src/a.ts', uses('@summit/maestro-sdk'));
  write('packages/manifest/src/b.ts', uses('@summit/maestro-expressions/text'));
  write('packages/worker/src/a.ts', uses('@summit/maestro-manifest'));
  write('packages/worker/src/deep/b.ts', uses('../value.ts'));
  write('packages/cli/src/a.ts', uses('@summit/maestro-worker/embedded'));
  write('packages/cli/src/b.ts', uses('@summit/maestro-tasks-core'));
  expect(refused()).toEqual([]);
});

test('lets tests import any package, and the index beside them', () => {
  write('packages/worker/src/a.test.ts', uses('@summit/maestro-tasks-core'));
  write('packages/sdk/src/a.test.ts', uses('./index.ts'));
  write('packages/sdk/test/a.test.ts', uses('vitest'));
  expect(refused()).toEqual([]);
});

test.each([
  ['sdk', '@summit/maestro-manifest'],
  ['sdk', '@summit/maestro-tasks-core/tasks/wait.sleep'],
  ['sdk', '@summit/maestro-expressions'],
  ['expressions', '@summit/maestro-manifest'],
  ['expressions', '@summit/maestro-tasks-core'],
  ['tasks-core', '@summit/maestro-manifest'],
  ['tasks-core', '@summit/maestro-worker/embedded'],
  ['tasks-core', '@summit/maestro-cli'],
  ['manifest', '@summit/maestro-worker'],
  ['manifest', '@summit/maestro-tasks-core'],
  ['worker', '@summit/maestro-expressions'],
  ['worker', '@summit/maestro-tasks-core'],
  ['worker', '@summit/maestro-cli'],
  ['cli', '../../worker/src/value.ts'],
])('refuses %s importing %s', (name, specifier) => {
  write(`packages/${name}/src/deep/a.ts`, uses(specifier));
  write(`packages/${name}/src/b.ts`, `export const load = () => import('${specifier}');\n`);
  write(`packages/${name}/src/c.ts`, `export type { Value } from '${specifier}';\n`);
  expect(refused()).toEqual(['b.ts', 'c.ts', 'deep/a.ts'].map((file) => `packages/${name}/src/${file}: noRestrictedImports`));
});

test.each(['sdk', 'expressions', 'tasks-core', 'manifest', 'worker', 'cli'])(
  'refuses a child of %s importing an index above it',
  (name) => {
    write(`packages/${name}/src/a.ts`, uses('./index.ts'));
    write(`packages/${name}/src/deep/a.ts`, uses('../index.ts'));
    write(`packages/${name}/src/deep/er/a.ts`, uses('../../index.ts'));
    expect(refused()).toEqual(['a.ts', 'deep/a.ts', 'deep/er/a.ts'].map((file) => `packages/${name}/src/${file}: noRestrictedImports`));
  },
);

test('refuses a circle, of types too', () => {
  write('packages/sdk/src/a.ts', "import type { B } from './b.ts';\nexport type A = { b?: B };\n");
  write('packages/sdk/src/b.ts', "import type { A } from './a.ts';\nexport type B = { a?: A };\n");
  expect(refused()).toEqual(['packages/sdk/src/a.ts: noImportCycles', 'packages/sdk/src/b.ts: noImportCycles']);
});

test('refuses a dependency that package.json does not declare, or only for development', () => {
  write('packages/sdk/src/a.ts', uses('left-pad'));
  write('packages/sdk/src/b.ts', uses('vitest'));
  expect(refused()).toEqual(['packages/sdk/src/a.ts: noUndeclaredDependencies', 'packages/sdk/src/b.ts: noUndeclaredDependencies']);
});

test('refuses a test that is left out', () => {
  write('packages/sdk/src/a.test.ts', "import { test } from 'vitest';\ntest.skip('a', () => {});\n");
  expect(refused()).toEqual(['packages/sdk/src/a.test.ts: noSkippedTests']);
});
