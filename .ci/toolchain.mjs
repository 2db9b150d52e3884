#!/usr/bin/env node
/**
 * Runs a script of package.json with the Node and pnpm that this repository needs, on a machine that may have neither:
 *
 *     node .ci/toolchain.mjs <script> [arguments for the script]
 *
 * What is on PATH is used when it is new enough; whatever is missing comes from the npm registry through `npx`, which keeps
 * it in npm's own cache. Nothing is installed globally and nothing is asked. This file runs before any dependency is there,
 * and on older Node: no imports but Node's own, and nothing newer than Node 18.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const INSTALL_NODE = 'https://nodejs.org/en/download';
const INSTALL_PNPM = 'https://pnpm.io/installation';

/** The tools, the versions that will do, and the npm package that carries each when PATH has none. */
const TOOLS = [
  { name: 'node', wanted: '22.18 or newer', fits: (v) => v.major > 22 || (v.major === 22 && v.minor >= 18), from: `${nodePackage()}@24` },
  { name: 'pnpm', wanted: '12', fits: (v) => v.major === 12, from: 'pnpm@12' },
];

/**
 * The package with Node's binary for this platform. The `node` package would fetch the same one from an install script,
 * with a second npm, and not at all where install scripts are switched off.
 */
function nodePackage() {
  const platform = process.platform === 'win32' ? 'win' : process.platform;
  const prefix = platform === 'darwin' && process.arch === 'arm64' ? 'node-bin' : 'node';
  return `${prefix}-${platform}-${process.arch}`;
}

/**
 * The environment without what `npm run` adds to it: those settings are npm's, and pnpm and the tools below it would read
 * some of them as their own. The network settings stay; pnpm knows the registry under another name.
 */
function cleanEnvironment() {
  const network = /^npm_config_(registry|ca|cafile|cert|key|proxy|https_proxy|noproxy|strict_ssl|cache|userconfig)$/i;
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    const npms = /^npm_/i.test(name) || name === 'INIT_CWD' || (name === 'NODE' && process.env.npm_execpath !== undefined);
    if (!npms || (network.test(name) && value !== '')) env[name] = value;
  }
  const registry = process.env.npm_config_registry ?? process.env.NPM_CONFIG_REGISTRY;
  if (registry && env.pnpm_config_registry === undefined) env.pnpm_config_registry = registry;
  // A pnpm that is Corepack's stand-in would otherwise ask before it downloads.
  env.COREPACK_ENABLE_DOWNLOAD_PROMPT = '0';
  return env;
}

/** `{ major, minor, text }` of a tool on that PATH, or undefined where it is missing or cannot say its version. */
function versionOf(tool, env) {
  const { status, stdout } = spawnSync(tool, ['--version'], { cwd: root, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  const found = status === 0 ? /^v?(\d+)\.(\d+)\.\S+/m.exec(stdout) : null;
  return found ? { major: Number(found[1]), minor: Number(found[2]), text: found[0] } : undefined;
}

/** The lines in which npm says why, without its stack traces. */
function reasons(stderr) {
  const lines = stderr.trim().split('\n');
  return lines.filter((line) => !/^npm error\s+at |^npm warn/.test(line)).slice(0, 8);
}

/** The folder with the executables of these packages, fetched by npx unless its cache has them. */
function fetchTools(packages) {
  const npx = (freshness) =>
    spawnSync('npx', [freshness, '--yes', ...packages.flatMap((name) => ['--package', name]), '--call', 'node -p process.env.PATH'], {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  // npm's cached list of versions will do, and spares the network; it may be too old to know the version that is wanted.
  let result = npx('--prefer-offline');
  if (result.status !== 0 && /ETARGET|notarget/.test(result.stderr ?? '')) result = npx('--prefer-online');
  const yourself = `install Node >= 22.18 (${INSTALL_NODE}) and pnpm 12 (${INSTALL_PNPM}) yourself, and run the command again.`;
  if (result.error) fail(`npx, which comes with npm, could not be started: ${result.error.message}`, `Install npm, or ${yourself}`);
  if (result.status !== 0) {
    fail(
      `could not get ${packages.join(' and ')} from the npm registry: npx ended with ${result.status ?? result.signal}`,
      ...reasons(result.stderr),
      `Check that npm reaches its registry (npm ping; proxy and certificates are npm's own settings), or ${yourself}`,
    );
  }
  const folder = result.stdout
    .trim()
    .split(delimiter)
    .find((entry) => entry.includes('_npx') && existsSync(entry));
  if (!folder) fail(`npx fetched ${packages.join(' and ')}, but its PATH names no folder of its cache:`, result.stdout.trim());
  return folder;
}

/** The environment in which both tools are found and new enough. */
function prepare() {
  const env = cleanEnvironment();
  const missing = TOOLS.filter((tool) => {
    const version = versionOf(tool.name, env);
    return !version || !tool.fits(version);
  });
  if (missing.length === 0) return env;
  const names = missing.map((tool) => `${tool.name} ${tool.wanted}`).join(' and ');
  process.stderr.write(`${names}: not on PATH; taking ${missing.map((tool) => tool.from).join(' and ')} from npm's cache or registry\n`);
  env.PATH = fetchTools(missing.map((tool) => tool.from)) + delimiter + env.PATH;
  for (const tool of TOOLS) {
    const version = versionOf(tool.name, env);
    if (version && tool.fits(version)) continue;
    fail(
      `${tool.name} ${tool.wanted} is needed; the one fetched from npm ${version ? `is ${version.text}` : 'does not run on this machine'}`,
      `Install Node >= 22.18 (${INSTALL_NODE}) and pnpm 12 (${INSTALL_PNPM}) yourself, and run the command again.`,
    );
  }
  return env;
}

/** Runs pnpm in the foreground; a signal sent to this process reaches it. Resolves to its exit code, or the signal it died of. */
function pnpm(args, env) {
  return new Promise((resolve) => {
    const child = spawn('pnpm', args, { cwd: root, env, stdio: 'inherit' });
    const forward = (signal) => {
      // The terminal has sent Ctrl-C to the whole foreground group already; twice means "at once" to many programs.
      if (signal === 'SIGINT' && process.stdin.isTTY) return;
      child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, forward);
    child.on('error', (error) => fail(`pnpm could not be started: ${error.message}`));
    child.on('exit', (code, signal) => {
      for (const name of signals) process.off(name, forward);
      resolve({ code: signal ? 128 + (constants.signals[signal] ?? 0) : (code ?? 1), signal });
    });
  });
}

function fail(...lines) {
  process.stderr.write(`\ntoolchain: ${lines.join('\n  ')}\n`);
  process.exit(1);
}

const [script, ...args] = process.argv.slice(2);
if (!script) fail('no script given', 'usage: node .ci/toolchain.mjs <script of package.json> [arguments]');
if (!existsSync(join(root, 'pnpm-lock.yaml'))) fail(`${root} holds no pnpm-lock.yaml: this is not a whole checkout`);

const env = prepare();
for (const command of [
  ['install', '--frozen-lockfile'],
  ['run', script, ...args],
]) {
  const { code, signal } = await pnpm(command, env);
  if (signal) process.kill(process.pid, signal);
  if (code !== 0) process.exit(code);
}
