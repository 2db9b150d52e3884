import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '@summit/maestro-sdk';
import { RestateClient } from '../engine/restate/client.ts';
import { serverBinary } from './binary.ts';
import { identityKey } from './identity-key.ts';
import { alive, findProcess, identify, type ProcessIdentity } from './process-identity.ts';
import { socketFolder } from './socket-folder.ts';

/** How long the server may take to answer its first query, in milliseconds. */
const START_MS = 60_000;
/** How long it may take to end, in milliseconds. */
const STOP_MS = 10_000;
/**
 * How often it is started where somebody else kills it while it starts, or where one that was killed has not let go of its files yet, and how
 * long the waits between are, in milliseconds.
 */
const STARTS = 5;
const AGAIN_MS = 200;
const NODE_NAME = 'maestro';

/** How an embedded server is set up. */
export interface EmbeddedOptions {
  /** Its data folder, e.g. `.maestro/restate`. */
  folder: string;
  /** Restate settings over ours, by their environment variables. */
  settings?: Readonly<Record<string, string>>;
}

/** The ways to reach an embedded server. */
export function embeddedClient(folder: string): RestateClient {
  const sockets = join(socketFolder(folder), NODE_NAME);
  return new RestateClient({ socket: join(sockets, 'ingress.sock') }, { socket: join(sockets, 'admin.sock') });
}

/** A Restate server of our own: a child process that listens on Unix sockets only and keeps its data in one folder. */
export class EmbeddedServer {
  readonly client: RestateClient;
  /** Its public key, with which a worker recognises its requests. */
  readonly publicKey: string;
  readonly process: ProcessIdentity;
  readonly #folder: string;

  private constructor(folder: string, process: ProcessIdentity, publicKey: string) {
    this.#folder = folder;
    this.client = embeddedClient(folder);
    this.process = process;
    this.publicKey = publicKey;
  }

  /**
   * Adopts the server that an earlier process left running, or starts one. The caller holds the folder's host lock.
   * Throws `RESTATE_BINARY_MISSING`, `STATE_FOLDER_UNUSABLE` or `RESTATE_START_FAILED` with the end of the server's log.
   */
  static async open(options: EmbeddedOptions): Promise<EmbeddedServer> {
    const { folder } = options;
    makeFolder(folder);
    const publicKey = identityKey(join(folder, 'identity.pem'));
    const known = recorded(folder);
    // A process killed between starting its server and recording it leaves one that only its folder gives away; the record may be of one before.
    const left = known !== undefined && alive(known) ? known : findProcess('restate-server', realpathSync(folder));
    if (left !== undefined && alive(left)) {
      const adopted = new EmbeddedServer(folder, left, publicKey);
      if (await adopted.#ready(START_MS)) {
        writeFileSync(recordFile(folder), JSON.stringify(left));
        return adopted;
      }
      await adopted.stop();
    }
    let ended = false;
    for (let start = 1; start <= STARTS; start++) {
      const launched = launch(options);
      const server = new EmbeddedServer(folder, launched.process, publicKey);
      writeFileSync(recordFile(folder), JSON.stringify(server.process));
      if (await server.#ready(START_MS)) return server;
      ended = !alive(server.process);
      await server.stop();
      if (!ended || !((await launched.killed()) || /db is locked/.test(logTail(folder)))) break;
      await delay(AGAIN_MS);
    }
    throw TaskError.terminal(
      'RESTATE_START_FAILED',
      `the embedded Restate server ${ended ? 'ended while starting' : `gave no answer within ${START_MS / 1000} s`}; the end of ${logFile(folder)}:\n${logTail(folder)}`,
    );
  }

  get running(): boolean {
    return alive(this.process);
  }

  /** Ends the server and waits until it is gone. Its data stays. */
  async stop(): Promise<void> {
    for (const [signal, waitMs] of [
      ['SIGTERM', STOP_MS],
      ['SIGKILL', STOP_MS],
    ] as const) {
      if (!this.running) break;
      try {
        process.kill(this.process.pid, signal);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
      await until(() => !this.running, waitMs);
    }
    rmSync(recordFile(this.#folder), { force: true });
  }

  #ready(waitMs: number): Promise<boolean> {
    return until(async () => !this.running || (await this.client.ready()), waitMs).then((answered) => answered && this.running);
  }
}

interface Launched {
  process: ProcessIdentity;
  /** Whether it was ended from outside; to be asked when it is gone. */
  killed(): Promise<boolean>;
}

function launch(options: EmbeddedOptions): Launched {
  const { folder, settings } = options;
  const binary = serverBinary();
  try {
    renameSync(logFile(folder), `${logFile(folder)}.1`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  rmSync(temporaryFolder(folder), { recursive: true, force: true });
  mkdirSync(temporaryFolder(folder));
  const log = openSync(logFile(folder), 'a');
  try {
    // Detached: a Ctrl-C on the terminal is for the command, which then stops the server in order.
    const child = spawn(binary, ['--no-logo'], {
      cwd: folder,
      detached: true,
      stdio: ['ignore', log, log],
      env: environment(folder, settings),
    });
    child.on('error', () => {});
    const signal = new Promise<NodeJS.Signals | null>((resolve) => child.on('exit', (_, how) => resolve(how)));
    child.unref();
    const identity = child.pid === undefined ? undefined : identify(child.pid);
    if (identity === undefined) throw TaskError.terminal('RESTATE_START_FAILED', `${binary} could not be started:\n${logTail(folder)}`);
    return { process: identity, killed: async () => (await signal) === 'SIGKILL' };
  } finally {
    closeSync(log);
  }
}

/** Only what the server needs: secrets of this process are no business of its. */
function environment(folder: string, settings: Readonly<Record<string, string>> | undefined): NodeJS.ProcessEnv {
  const passed = ['PATH', 'HOME', 'LANG', 'TZ'].flatMap((name) => {
    const value = process.env[name];
    return value === undefined ? [] : [[name, value]];
  });
  return {
    ...(Object.fromEntries(passed) as Record<string, string>),
    // Where the server leaves a folder for each of its starts.
    TMPDIR: temporaryFolder(folder),
    RESTATE_NODE_NAME: NODE_NAME,
    RESTATE_BASE_DIR: socketFolder(folder),
    RESTATE_LISTEN_MODE: 'unix',
    // The server calls itself, and would do so by the resolved path, which may be too long for a socket.
    RESTATE_ADVERTISED_ADDRESS: `unix:${join(socketFolder(folder), NODE_NAME, 'fabric.sock')}`,
    // For one worker: what many runs write at a time is written together. Counts when the folder is new.
    RESTATE_DEFAULT_NUM_PARTITIONS: '1',
    RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '256MiB',
    RESTATE_DISABLE_TELEMETRY: 'true',
    // Nobody asks for them.
    RESTATE_DISABLE_PROMETHEUS: 'true',
    RESTATE_ADMIN__DISABLE_WEB_UI: 'true',
    RESTATE_LOG_FILTER: 'warn',
    RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
    RESTATE_WORKER__INVOKER__REQUEST_IDENTITY_PRIVATE_KEY_PEM_FILE: join(folder, 'identity.pem'),
    // A worker that comes back after a crash should not find its runs hours away from their next try.
    RESTATE_DEFAULT_RETRY_POLICY__MAX_INTERVAL: '5s',
    ...settings,
  };
}

function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (cause) {
    throw TaskError.terminal('STATE_FOLDER_UNUSABLE', `${folder} cannot be made: ${(cause as Error).message}`, { cause });
  }
}

function temporaryFolder(folder: string): string {
  return join(folder, 'tmp');
}

function recordFile(folder: string): string {
  return join(folder, 'server.json');
}

function logFile(folder: string): string {
  return join(folder, 'server.log');
}

function logTail(folder: string): string {
  try {
    return readFileSync(logFile(folder), 'utf8').trimEnd().split('\n').slice(-12).join('\n');
  } catch {
    return '(no log)';
  }
}

/** The server that was started last, if it has not been stopped since. */
function recorded(folder: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(readFileSync(recordFile(folder), 'utf8')) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    // No record, or one cut off by a crash: there is nothing to adopt.
    return undefined;
  }
}

async function until(condition: () => boolean | Promise<boolean>, waitMs: number): Promise<boolean> {
  const end = performance.now() + waitMs;
  while (!(await condition())) {
    if (performance.now() > end) return false;
    await delay(50);
  }
  return true;
}
