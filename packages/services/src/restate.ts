import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePorts } from './ports.ts';

/** How long servers may take until they answer, in milliseconds. */
const READY_MS = 60_000;

/** How soon nodes of a cluster see that another is gone; the defaults take up to half a minute where it does not even close its connections. */
const QUICK = {
  RESTATE_METADATA_CLIENT__CONNECT_TIMEOUT: '1s',
  RESTATE_METADATA_CLIENT__KEEP_ALIVE_INTERVAL: '1s',
  RESTATE_METADATA_CLIENT__KEEP_ALIVE_TIMEOUT: '1s',
  RESTATE_NETWORKING__HTTP2_KEEP_ALIVE_TIMEOUT: '1s',
  RESTATE_BIFROST__AUTO_RECOVERY_INTERVAL: '3s',
  RESTATE_GOSSIP_SUSPECT_INTERVAL: '1s',
  RESTATE_WORKER__INVOKER__HTTP2_KEEP_ALIVE_INTERVAL: '2s',
  RESTATE_WORKER__INVOKER__HTTP2_KEEP_ALIVE_TIMEOUT: '2s',
};

/** One server process. */
export class RestateNode {
  readonly name: string;
  readonly ingressUrl: string;
  readonly adminUrl: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  #child: ChildProcess | undefined;

  constructor(name: string, folder: string, ports: { ingress: number; admin: number; fabric: number }, env: NodeJS.ProcessEnv) {
    this.name = name;
    this.#folder = folder;
    this.ingressUrl = `http://127.0.0.1:${ports.ingress}`;
    this.adminUrl = `http://127.0.0.1:${ports.admin}`;
    this.#env = {
      PATH: process.env.PATH,
      RESTATE_NODE_NAME: name,
      RESTATE_BASE_DIR: join(folder, name),
      RESTATE_BIND_ADDRESS: `127.0.0.1:${ports.fabric}`,
      RESTATE_ADVERTISED_ADDRESS: `http://127.0.0.1:${ports.fabric}/`,
      RESTATE_INGRESS__BIND_ADDRESS: `127.0.0.1:${ports.ingress}`,
      RESTATE_ADMIN__BIND_ADDRESS: `127.0.0.1:${ports.admin}`,
      RESTATE_ADMIN__DISABLE_WEB_UI: 'true',
      RESTATE_DISABLE_TELEMETRY: 'true',
      RESTATE_ROCKSDB_TOTAL_MEMORY_SIZE: '128MiB',
      RESTATE_LOG_FILTER: 'warn',
      RESTATE_LOG_DISABLE_ANSI_CODES: 'true',
      ...env,
    };
  }

  start(): void {
    const log = createWriteStream(join(this.#folder, `${this.name}.log`), { flags: 'a' });
    const child = spawn(serverBinary(), ['--no-logo'], { cwd: this.#folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    this.#child = child;
    process.once('exit', () => child.kill('SIGKILL'));
  }

  /** True when it answers queries, which it does when its partitions have leaders. */
  async ready(): Promise<boolean> {
    if (this.#child?.exitCode !== null) throw new Error(`${this.name} ended:\n${this.log()}`);
    try {
      return (await this.query('select count(*) as n from sys_invocation')).length === 1;
    } catch {
      return false;
    }
  }

  async query(query: string): Promise<Record<string, unknown>[]> {
    const answer = await this.admin('POST', '/query', { query });
    return (answer as { rows: Record<string, unknown>[] }).rows;
  }

  /** A request to the admin API. Throws what was answered where that is an error. */
  async admin(method: string, path: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${this.adminUrl}${path}`, {
      method,
      headers: { accept: 'application/json', 'content-type': 'application/json' },
      signal: AbortSignal.timeout(5_000),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  /** SIGKILL; SIGSTOP, which is a node that nobody can talk to; SIGCONT. */
  signal(name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
    this.#child?.kill(name);
  }

  log(): string {
    return readFileSync(join(this.#folder, `${this.name}.log`), 'utf8').slice(-4_000);
  }

  async end(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
}

export interface Nodes extends AsyncDisposable {
  nodes: [RestateNode, ...RestateNode[]];
}

/**
 * Starts a Restate server with TCP ports, as an installation has it, or a cluster of three that keeps everything twice, and waits until all of
 * them answer. They are this test's own, end with the returned object, and do not outlive this process.
 */
export async function restateNodes(count: 1 | 3, settings: NodeJS.ProcessEnv = {}): Promise<Nodes> {
  const folder = mkdtempSync(join(tmpdir(), 'maestro-restate-'));
  const ports = await freePorts(3 * count);
  const fabrics = ports.slice(2 * count);
  const cluster = {
    RESTATE_CLUSTER_NAME: `test-${process.pid}`,
    RESTATE_DEFAULT_REPLICATION: '2',
    ...QUICK,
    RESTATE_METADATA_CLIENT__ADDRESSES: JSON.stringify(fabrics.map((port) => `http://127.0.0.1:${port}/`)),
  };
  const nodes = Array.from({ length: count }, (_, i) => {
    const own = { ingress: ports[i] as number, admin: ports[count + i] as number, fabric: fabrics[i] as number };
    return new RestateNode(`node-${i + 1}`, folder, own, {
      RESTATE_DEFAULT_NUM_PARTITIONS: '4',
      RESTATE_AUTO_PROVISION: String(i === 0),
      ...(count === 1 ? {} : cluster),
      ...settings,
    });
  }) as [RestateNode, ...RestateNode[]];
  const close = async () => {
    await Promise.all(nodes.map((node) => node.end()));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const node of nodes) node.start();
    const end = Date.now() + READY_MS;
    while (!(await Promise.all(nodes.map((node) => node.ready()))).every(Boolean)) {
      if (Date.now() > end) throw new Error(`not all of them answer within ${READY_MS / 1000} s`);
      await sleep(50);
    }
  } catch (error) {
    const logs = nodes.map((node) => `${node.name}:\n${node.log()}`).join('\n');
    await close();
    throw new Error(`Restate did not start:\n${logs}`, { cause: error });
  }
  return { nodes, [Symbol.asyncDispose]: close };
}

/** The platform package's own binary. */
function serverBinary(): string {
  const launcher = createRequire(createRequire(import.meta.url).resolve('@restatedev/restate-server/package.json'));
  return launcher.resolve(`@restatedev/restate-server-${process.platform}-${process.arch}/bin/restate-server`);
}
