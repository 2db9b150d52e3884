import { spawnSync } from 'node:child_process';
import { findProgram } from './programs.ts';

const LOCK = '/run/lock/maestro-debian-tools.lock';
const LOCK_SECONDS = 600;

/** Program -> the Debian package that has it. */
export type Programs = Readonly<Record<string, string>>;

export interface Install {
  /** Shell commands that run as root before the packages are installed. */
  before?: string;
  /** Where a program may be, besides the folders of PATH. */
  find?: (program: string) => string | undefined;
}

/**
 * Installs the packages of those programs that are missing, as root or with a sudo that asks for no password. Several processes may
 * do this at once. Throws an error that names the programs and their packages when it cannot.
 */
export function installPrograms(programs: Programs, { before = 'true', find = findProgram }: Install = {}): void {
  const missing = () => Object.keys(programs).filter((program) => find(program) === undefined);
  const wanted = missing();
  if (wanted.length === 0) return;
  const packages = [...new Set(wanted.map((program) => programs[program]))].join(' ');
  const byHand = `the tests need ${wanted.join(', ')}; on Debian and Ubuntu: apt-get install ${packages}`;
  if (!findProgram('apt-get')) throw new Error(`${byHand} (this system has no apt-get, so they were not installed)`);
  const prefix = rootPrefix();
  if (!prefix) throw new Error(`${byHand} (not done here: it needs root, or a sudo that asks for no password)`);
  process.stderr.write(`installing ${packages} for the tests\n`);
  // dpkg waits for its lock when told to, apt-get update never does: hence the lock of our own around both.
  const apt = `apt-get -o DPkg::Lock::Timeout=${LOCK_SECONDS} install -q -y --no-install-recommends`;
  const install = `apt-get update -q && apt() { ${apt} "$@"; } && ${before} && apt ${packages}`;
  const [command = '', ...args] = [
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

/** What makes a command run as root: nothing, sudo, or undefined where that would need a password. */
function rootPrefix(): string[] | undefined {
  if (process.getuid?.() === 0) return [];
  return spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status === 0 ? ['sudo', '-n'] : undefined;
}

function lastLines({ stdout, stderr }: { stdout: string | null; stderr: string | null }): string {
  return `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-15).join('\n');
}
