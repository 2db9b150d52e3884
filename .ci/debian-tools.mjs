#!/usr/bin/env node
/**
 * Sees to it that the programs which tests compare our output with are on the machine, from Debian's packages where they are
 * not: as vitest's global set-up, and by hand with `node .ci/debian-tools.mjs`. Several of these may run at once.
 */
import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Program -> the Debian package that has it. */
const TOOLS = { unzip: 'unzip', zip: 'zip', '7z': 'p7zip-full', python3: 'python3' };

const LOCK = '/run/lock/maestro-debian-tools.lock';
const LOCK_SECONDS = 600;

function onPath(program) {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      // Not in this folder of PATH.
      return false;
    }
  });
}

/** What makes a command run as root: nothing, sudo, or undefined where that would need a password. */
function rootPrefix() {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function lastLines({ stdout, stderr }) {
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
}

/** Installs what is missing; throws an error that names the programs and their packages when it cannot. */
export function setup() {
  const missing = () => Object.keys(TOOLS).filter((program) => !onPath(program));
  const wanted = missing();
  if (wanted.length === 0) return;
  const packages = [...new Set(wanted.map((program) => TOOLS[program]))].join(' ');
  const byHand = `the tests need ${wanted.join(', ')}; on Debian and Ubuntu: apt-get install ${packages}`;
  if (!onPath('apt-get')) throw new Error(`${byHand} (this system has no apt-get, so they were not installed)`);
  const prefix = rootPrefix();
  if (!prefix) throw new Error(`${byHand} (not done here: it needs root, or a sudo that asks for no password)`);
  process.stderr.write(`installing ${packages} for the tests\n`);
  // dpkg waits for its lock when told to, apt-get update never does: hence the lock of our own around both.
  const install = `apt-get update -q && apt-get -o DPkg::Lock::Timeout=${LOCK_SECONDS} install -q -y --no-install-recommends ${packages}`;
  const [command, ...args] = [
    ...prefix,
    'env',
    'DEBIAN_FRONTEND=noninteractive',
    'flock',
    '-w',
    `${LOCK_SECONDS}`,
    LOCK,
    'sh',
    '-c',
    install,
  ];
  const result = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  if (missing().length > 0) {
    const outcome = result.error?.message ?? `exit ${result.status ?? result.signal}`;
    throw new Error(`${byHand} (installing them failed: ${outcome})\n${lastLines(result)}`);
  }
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) setup();
