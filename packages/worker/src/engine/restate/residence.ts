import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@summit/maestro-sdk';
import { DiskWatch } from '../../embedded/disk-watch.ts';
import { type HostLock, takeHostLock } from '../../embedded/host-lock.ts';
import { EmbeddedServer, embeddedClient } from '../../embedded/server.ts';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import type { EngineOptions } from '../../options.ts';
import type { RestateClient } from './client.ts';
import type { Access } from './control.ts';
import { WorkerEndpoint } from './endpoint.ts';
import { useFolder } from './folder.ts';
import { Unreachable } from './http.ts';
import { LocalResults } from './local-results.ts';

/** How often a process that is not the host looks whether it has to become it, in milliseconds. */
const WATCH_MS = 250;
/** How long a server that answers queries may take to accept this worker, in milliseconds. */
const SERVE_MS = 60_000;

/** Where runs live: a way to the engine, and a worker that serves it, here or in another process. */
export interface Residence extends Access {
  close(): Promise<void>;
}

interface Hosting {
  lock: HostLock;
  server: EmbeddedServer;
  endpoint: WorkerEndpoint;
  /** Whether the server knows this worker; not so after it was started anew, until it does. */
  served: boolean;
}

/** The server was killed while this worker joined it: it is started again the next time somebody looks. */
class ServerGone extends Error {
  override name = 'ServerGone';
  constructor() {
    super('the embedded Restate server is gone; starting it again');
  }
}

/**
 * A `.maestro` folder. One of the processes that use it is its host: it runs the embedded server and the worker.
 * The others are guests, and one of them becomes host as soon as the host is gone, however it went.
 */
export class EmbeddedResidence implements Residence {
  readonly client: RestateClient;
  readonly #results = new LocalResults();
  readonly #engine: Extract<EngineOptions, { kind: 'embedded' }>;
  readonly #host: TaskHost;
  readonly #sink: EventSink;
  readonly #log: Logger | undefined;
  readonly #closing = new AbortController();
  readonly #disk: DiskWatch;
  #hosting: Hosting | undefined;
  /** What the operator was told last, unless it is over. */
  #reported: string | undefined;
  #becoming: Promise<void> | undefined;
  #watch: Promise<void> = Promise.resolve();

  private constructor(engine: Extract<EngineOptions, { kind: 'embedded' }>, host: TaskHost, sink: EventSink, log: Logger | undefined) {
    this.#engine = engine;
    this.#host = host;
    this.#sink = sink;
    this.#log = log;
    this.client = embeddedClient(this.#folder);
    this.#disk = new DiskWatch(this.#folder);
  }

  /** Becomes host, or finds one. Throws as {@link EmbeddedServer.open} and {@link WorkerEndpoint.listen}. */
  static async open(
    engine: Extract<EngineOptions, { kind: 'embedded' }>,
    host: TaskHost,
    sink: EventSink,
    log?: Logger,
  ): Promise<EmbeddedResidence> {
    useFolder(engine.dir);
    const residence = new EmbeddedResidence(engine, host, sink, log);
    await residence.ready();
    residence.#watch = residence.#keepWatch();
    return residence;
  }

  get results(): LocalResults | undefined {
    return this.#hosting === undefined ? undefined : this.#results;
  }

  async ready(): Promise<void> {
    while (!this.#closing.signal.aborted) {
      await this.#tryToHost().catch((error: unknown) => {
        if (!(error instanceof ServerGone)) throw error;
        this.#report(error.message);
      });
      // A host that has just begun may not have joined its server yet.
      if ((await this.client.ready()) && (this.#hosting !== undefined || (await this.#served()))) return;
      await delay(WATCH_MS);
    }
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#results.close(new Error('the runner was closed'));
    await this.#watch;
    const hosting = this.#hosting;
    this.#hosting = undefined;
    if (hosting === undefined) return;
    await hosting.endpoint.close();
    await hosting.server.stop();
    hosting.lock.release();
  }

  get #folder(): string {
    return join(this.#engine.dir, 'restate');
  }

  async #served(): Promise<boolean> {
    try {
      return await this.client.served();
    } catch (error) {
      if (error instanceof Unreachable) return false;
      throw error;
    }
  }

  #tryToHost(): Promise<void> {
    this.#becoming ??= this.#becomeHost().finally(() => {
      this.#becoming = undefined;
    });
    return this.#becoming;
  }

  async #becomeHost(): Promise<void> {
    if (this.#hosting !== undefined) return this.#keepHosting(this.#hosting);
    const lock = await takeHostLock(join(this.#engine.dir, 'host.lock'));
    if (lock === undefined) return;
    let server: EmbeddedServer | undefined;
    let endpoint: WorkerEndpoint | undefined;
    try {
      server = await EmbeddedServer.open(this.#serverOptions());
      endpoint = await WorkerEndpoint.listen(this.#host, this.#sink, {
        identityKeys: [server.publicKey],
        results: this.#results,
        onCodeChanged: (invocation) => this.client.runs.setAside(invocation, this.#log),
        ...(this.#log ? { log: this.#log } : {}),
        ...(this.#engine.inactivityMs === undefined ? {} : { inactivityMs: this.#engine.inactivityMs }),
        ...(this.#engine.restAfterMs === undefined ? {} : { restAfterMs: this.#engine.restAfterMs }),
      });
      await this.#serve(endpoint, server);
      this.#hosting = { lock, server, endpoint, served: true };
    } catch (error) {
      await endpoint?.close();
      await server?.stop();
      lock.release();
      throw error;
    }
  }

  /** Starts the server again where that helps; nothing that it acknowledged is lost. */
  async #keepHosting(hosting: Hosting): Promise<void> {
    const disk = await this.#disk.look();
    if (disk === 'full') {
      this.#report(`no space is left for ${this.#folder} (STATE_FOLDER_FULL): runs stand still; free some, and they go on by themselves`);
      return;
    }
    if (disk === 'freed') {
      this.#report(`there is space again for ${this.#folder}; starting the embedded Restate server again`);
      await hosting.server.stop();
    } else if (hosting.server.running && hosting.served) {
      this.#reported = undefined;
      return;
    } else this.#report('the embedded Restate server is gone; starting it again');
    hosting.served = false;
    hosting.server = await EmbeddedServer.open(this.#serverOptions());
    await this.#serve(hosting.endpoint, hosting.server);
    hosting.served = true;
  }

  /** Tells the operator, once as long as it is the same. */
  #report(message: string): void {
    if (message === this.#reported) return;
    this.#reported = message;
    this.#log?.error(message);
  }

  /** Makes this worker the server's, which may take a few tries of a server that comes back from a crash. Rejects with {@link ServerGone}. */
  async #serve(endpoint: WorkerEndpoint, server: EmbeddedServer): Promise<void> {
    const end = performance.now() + SERVE_MS;
    for (;;) {
      try {
        await this.client.takeOver(`http://127.0.0.1:${endpoint.port}/`);
        await this.client.runs.resumeAll();
        return;
      } catch (error) {
        if (!(error instanceof Unreachable) || performance.now() > end) throw error;
        if (!server.running) throw new ServerGone();
        await delay(WATCH_MS);
      }
    }
  }

  #serverOptions(): { folder: string; settings?: Readonly<Record<string, string>> } {
    const { settings } = this.#engine;
    return settings ? { folder: this.#folder, settings } : { folder: this.#folder };
  }

  /** Sees to it that there is a host with a living server for as long as this process needs one. */
  async #keepWatch(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      await delay(WATCH_MS, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      await this.#tryToHost().catch((error: unknown) => {
        this.#report(`cannot run the embedded engine: ${error instanceof Error ? error.message : String(error)}`);
      });
    }
  }
}
