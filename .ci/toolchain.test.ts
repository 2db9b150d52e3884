import { type SpawnSyncReturns, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';

const HERE = dirname(fileURLToPath(import.meta.url));

/** A checkout and a PATH of stand-ins, in a folder whose name has a space in it. */
let folder: string;
let script: string;
let onPath: string;
let fetched: string;

function program(bin: string, name: string, lines: string): void {
  const file = join(bin, name);
  writeFileSync(file, `#!/bin/sh\n${lines}\n`);
  chmodSync(file, 0o755);
}

/** A pnpm of this version that logs what it is asked to do, then runs `then`. */
function pnpm(bin: string, version: string, then = ''): void {
  program(bin, 'pnpm', `[ "$1" = --version ] && echo ${version} && exit\necho "pnpm ${version} $*" >> "$LOG"\n${then}`);
}

function environment(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return { PATH: `${onPath}:/usr/bin:/bin`, LOG: join(folder, 'log'), ...extra };
}

function toolchain(args: string[], extra: NodeJS.ProcessEnv = {}): SpawnSyncReturns<string> {
  return spawnSync(process.execPath, [script, ...args], { encoding: 'utf8', env: environment(extra) });
}

function log(): string[] {
  return existsSync(join(folder, 'log')) ? readFileSync(join(folder, 'log'), 'utf8').trim().split('\n') : [];
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'maestro tool chain '));
  onPath = join(folder, 'bin');
  fetched = join(folder, '_npx/0/node_modules/.bin');
  for (const each of [onPath, fetched, join(folder, 'checkout/.ci')]) mkdirSync(each, { recursive: true });
  script = join(folder, 'checkout/.ci/toolchain.mjs');
  copyFileSync(join(HERE, 'toolchain.mjs'), script);
  writeFileSync(join(folder, 'checkout/pnpm-lock.yaml'), '');
  symlinkSync(process.execPath, join(onPath, 'node'));
  pnpm(onPath, '12.3.4');
  pnpm(fetched, '12.9.9');
  symlinkSync(process.execPath, join(fetched, 'node'));
  program(onPath, 'npx', `echo "npx $*" >> "$LOG"; printf '%s\\n' "${fetched}:$PATH"`);
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('uses what is on PATH when it is good enough, and hands the arguments on', () => {
  const { status, stderr } = toolchain(['verify', 'packages/sdk', 'two words']);
  expect(stderr).toBe('');
  expect(status).toBe(0);
  expect(log()).toEqual(['pnpm 12.3.4 install --frozen-lockfile', 'pnpm 12.3.4 run verify packages/sdk two words']);
});

test.each(['9.15.9', '10.20.0', '13.0.0'])('fetches pnpm 12 alone where PATH has pnpm %s', (version) => {
  pnpm(onPath, version);
  expect(toolchain(['verify']).status).toBe(0);
  expect(log()).toEqual([
    'npx --prefer-offline --yes --package pnpm@12 --call node -p process.env.PATH',
    'pnpm 12.9.9 install --frozen-lockfile',
    'pnpm 12.9.9 run verify',
  ]);
});

test.each(['v18.20.8', 'v20.20.2', 'v22.17.1'])('fetches Node alone where PATH has Node %s', (version) => {
  rmSync(join(onPath, 'node'));
  program(onPath, 'node', `echo ${version}`);
  rmSync(join(fetched, 'pnpm'));
  expect(toolchain(['verify']).status).toBe(0);
  expect(log()[0]).toMatch(/^npx --prefer-offline --yes --package node-\S+@24 --call/);
  expect(log().slice(1)).toEqual(['pnpm 12.3.4 install --frozen-lockfile', 'pnpm 12.3.4 run verify']);
});

test('asks the registry again where the cached list of versions is too old', () => {
  pnpm(onPath, '9.0.0');
  program(onPath, 'npx', `[ "$1" = --prefer-online ] || { echo 'npm error code ETARGET' >&2; exit 1; }\nprintf '%s\\n' "${fetched}:$PATH"`);
  expect(toolchain(['verify']).status).toBe(0);
  expect(log().at(-1)).toBe('pnpm 12.9.9 run verify');
});

test('says what failed and what to do where the registry is out of reach', () => {
  pnpm(onPath, '9.0.0');
  program(onPath, 'npx', `echo 'npm error code ECONNREFUSED' >&2; echo 'npm error     at someFunction (file:1:1)' >&2; exit 1`);
  const { status, stderr } = toolchain(['verify']);
  expect(status).toBe(1);
  expect(stderr).toContain('could not get pnpm@12 from the npm registry: npx ended with 1');
  expect(stderr).toContain('npm error code ECONNREFUSED');
  expect(stderr).not.toContain('someFunction');
  expect(stderr).toMatch(/install Node >= 22\.18 .* and pnpm 12 .* yourself/);
});

test('says so where there is no npx', () => {
  pnpm(onPath, '9.0.0');
  rmSync(join(onPath, 'npx'));
  const { status, stderr } = toolchain(['verify'], { PATH: onPath });
  expect(status).toBe(1);
  expect(stderr).toContain('npx, which comes with npm, could not be started');
});

test('ends with the exit code of what it ran, and runs nothing after an installation that failed', () => {
  pnpm(onPath, '12.3.4', '[ "$1" = run ] && exit 7\nexit 0');
  expect(toolchain(['verify']).status).toBe(7);
  rmSync(join(folder, 'log'));
  pnpm(onPath, '12.3.4', 'exit 5');
  expect(toolchain(['verify']).status).toBe(5);
  expect(log()).toEqual(['pnpm 12.3.4 install --frozen-lockfile']);
});

test("keeps npm's own settings away from pnpm, but not the registry", () => {
  pnpm(onPath, '12.3.4', 'env | grep -i "npm_\\|INIT_CWD" | sort >> "$LOG"');
  const settings = {
    npm_config_nodedir: '/usr',
    npm_config_prefix: '/x',
    npm_lifecycle_event: 'test',
    npm_package_name: 'x',
    INIT_CWD: '/',
  };
  toolchain(['verify'], { ...settings, npm_config_registry: 'http://localhost:4873/' });
  const seen = ['npm_config_registry=http://localhost:4873/', 'pnpm_config_registry=http://localhost:4873/'];
  expect(log()).toEqual(['pnpm 12.3.4 install --frozen-lockfile', ...seen, 'pnpm 12.3.4 run verify', ...seen]);
});

test('hands a signal on', async () => {
  pnpm(
    onPath,
    '12.3.4',
    `[ "$1" = run ] || exit 0\nexec node -e 'process.on("SIGTERM", () => { console.log("told"); process.exit(3); }); setInterval(() => {}, 1000); console.log("ready")'`,
  );
  const child = spawn(process.execPath, [script, 'verify'], { env: environment({}), stdio: ['ignore', 'pipe', 'inherit'] });
  const said: string[] = [];
  createInterface(child.stdout).on('line', (line) => {
    said.push(line);
    if (line === 'ready') child.kill('SIGTERM');
  });
  const [code] = await once(child, 'close');
  expect(said).toEqual(['ready', 'told']);
  expect(code).toBe(3);
});

test('dies of the signal that what it ran died of', async () => {
  pnpm(onPath, '12.3.4', `[ "$1" = run ] || exit 0\nkill -TERM $$`);
  const { signal } = toolchain(['verify']);
  expect(signal).toBe('SIGTERM');
});
