import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Manifest, type PackedPackage, packAll, publicPackages, root } from './workspace.ts';

/**
 * What a stranger gets: every public package, packed, installed with npm into an empty project, and used there from ESM, from
 * CommonJS, from TypeScript and from the shell. Nothing in that project points back into this checkout.
 */

const packages = publicPackages();
let folder: string;
let app: string;
let packed: PackedPackage[];

/** The import specifiers that a package offers. A pattern stands for one specifier for each packed file that it matches. */
function specifiers({ name, exports = {} }: Manifest, files: string[]): string[] {
  return Object.entries(exports).flatMap(([subpath, target]) => {
    if (!subpath.includes('*')) return [name + subpath.slice(1)];
    const file = typeof target === 'string' ? target : (target.default ?? '');
    const [before = '', after = ''] = file.slice(2).split('*');
    return files
      .filter((path) => path.startsWith(before) && path.endsWith(after))
      .map((path) => name + subpath.slice(1).replace('*', path.slice(before.length, path.length - after.length)));
  });
}

const isModule = (specifier: string): boolean => !['.json', '.yaml', '.yml', '.css', '.html'].includes(extname(specifier));

function offered(name: string): string[] {
  const found = packed.find((one) => one.name === name);
  if (!found) throw new Error(`${name} was not packed`);
  return specifiers(found.manifest, found.files);
}

/** Runs a program in the project; its standard output. What it said on failure is part of the error. */
function run(command: string, ...args: string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, { cwd: app, encoding: 'utf8', timeout: 120_000 });
  if (error) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status ?? signal}:\n${stdout}${stderr}`);
  return stdout;
}

/** Writes a script that prints the export names of every specifier as JSON, and nothing else, and runs it. */
function exportNames(file: string, load: string, list: string[]): Record<string, string[]> {
  const lines = list.map((specifier) => `names[${JSON.stringify(specifier)}] = Object.keys(${load}(${JSON.stringify(specifier)}));`);
  writeFileSync(join(app, file), ['const names = {};', ...lines, 'console.log(JSON.stringify(names));', ''].join('\n'));
  const stdout = run('node', '--disable-warning=ExperimentalWarning', file);
  expect(stdout.trim().split('\n'), 'importing prints nothing').toHaveLength(1);
  return JSON.parse(stdout);
}

const IMPORTS = {
  nodenext: {
    'types.mts': (specifier: string, n: number) => `import * as m${n} from '${specifier}';`,
    'types.cts': (specifier: string, n: number) => `import m${n} = require('${specifier}');`,
  },
  bundler: { 'types.ts': (specifier: string, n: number) => `import * as m${n} from '${specifier}';` },
};

/** Has the compiler look at everything that these packages offer, and at all declarations that it is made of. */
function compiles(moduleResolution: keyof typeof IMPORTS, names: string[]): void {
  const modules = names.flatMap(offered).filter(isModule);
  expect(modules.length).toBeGreaterThan(0);
  const uses = modules.map((_, n) => `export const k${n}: (keyof typeof m${n})[] = [];`);
  const files = Object.entries(IMPORTS[moduleResolution]).map(([file, importLine]) => {
    writeFileSync(join(app, file), [...modules.map(importLine), ...uses, ''].join('\n'));
    return file;
  });
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2024',
    lib: ['es2024'],
    module: moduleResolution === 'bundler' ? 'esnext' : moduleResolution,
    moduleResolution,
    types: ['node'],
    skipLibCheck: false,
  };
  writeFileSync(join(app, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  // Most of it is the declarations of others, which several threads would each look at.
  run(join(root, 'node_modules/.bin/tsc'), '-p', 'tsconfig.json', '--singleThreaded');
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'maestro packed '));
  app = join(folder, 'app');
  mkdirSync(app);
  packed = packAll(folder);
  const dependencies = Object.fromEntries(packed.map(({ name, tarball }) => [name, `file:${tarball}`]));
  const { devDependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  dependencies['@types/node'] = devDependencies['@types/node'];
  writeFileSync(join(app, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', private: true, dependencies }));
  // Without install scripts: no package of ours, and none below it, may need one.
  execFileSync('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error', '--prefer-offline'], {
    cwd: app,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}, 600_000);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('there is something to publish, and all of it is packed', () => {
  expect(packages.length).toBeGreaterThan(0);
  expect(packed.map(({ name }) => name)).toEqual(packages.map(({ name }) => name));
});

describe.each(packages.filter(({ manifest }) => manifest.exports))('$name', ({ name }) => {
  test('gives the same from import and from require', () => {
    const modules = offered(name).filter(isModule);
    expect(modules.length).toBeGreaterThan(0);
    const esm = exportNames('names.mjs', 'await import', modules);
    const cjs = exportNames('names.cjs', 'require', modules);
    for (const specifier of modules) {
      const ours = (names: string[] | undefined): string[] => (names ?? []).filter((key) => key !== '__esModule').sort();
      expect(ours(esm[specifier]), specifier).not.toEqual([]);
      expect(ours(cjs[specifier]), specifier).toEqual(ours(esm[specifier]));
    }
  });

  test('has every file that its exports map offers', () => {
    const lines = offered(name).map((specifier) => `require('node:fs').accessSync(require.resolve(${JSON.stringify(specifier)}));`);
    writeFileSync(join(app, 'resolve.cjs'), lines.join('\n'));
    run('node', 'resolve.cjs');
  });

  test('compiles with moduleResolution nodenext, from ESM and from CommonJS', () => compiles('nodenext', [name]));
});

// The declarations are those that have compiled package by package; here it is whether this resolution finds them.
test('everything compiles with moduleResolution bundler', () =>
  compiles(
    'bundler',
    packages.filter(({ manifest }) => manifest.exports).map(({ name }) => name),
  ));

describe('the commands', () => {
  const commands = packages.flatMap(({ manifest }) => Object.keys(manifest.bin ?? {}));

  test.each(commands)('%s runs from the installed package', (command) => {
    expect(run(join(app, 'node_modules/.bin', command), '--help')).toMatch(/usage/i);
  });
});
