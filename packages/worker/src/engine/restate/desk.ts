import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '@summit/maestro-sdk';
import { type HostLock, takeHostLock } from '../../embedded/host-lock.ts';
import { EmbeddedServer, embeddedClient } from '../../embedded/server.ts';
import type { EngineOptions } from '../../options.ts';
import type { RestateClient } from './client.ts';
import type { Access } from './control.ts';
import { WorkerEndpoint } from './endpoint.ts';
import { useFolder } from './folder.ts';
import { Unreachable } from './http.ts';

const AGAIN_MS = 250;
/** How long a server that answers queries may take to accept the desk, in milliseconds. */
const SERVE_MS = 60_000;

type Embedded = Extract<EngineOptions, { kind: 'embedded' }>;

/**
 * The engine of a `.maestro` folder, for a process that executes nothing. Where a host is up its server is used; otherwise the server is
 * started for as long as the desk is open, with nobody to go on with the runs: what is asked for is kept.
 */
export class EmbeddedDesk implements Access {
  readonly client: RestateClient;
  readonly #engine: Embedded;
  readonly #log: Logger | undefined;
  readonly #takesDecisions: boolean;
  #own: { lock: HostLock; server: EmbeddedServer; endpoint: WorkerEndpoint | undefined } | undefined;

  private constructor(engine: Embedded, takesDecisions: boolean, log: Logger | undefined) {
    this.#engine = engine;
    this.#takesDecisions = takesDecisions;
    this.#log = log;
    this.client = embeddedClient(this.#folder);
  }

  /**
   * `takesDecisions`: questions can be answered and runs started as well, which needs code that the engine can call. Throws as
   * {@link EmbeddedServer.open} and {@link WorkerEndpoint.listen}.
   */
  static async open(engine: Embedded, takesDecisions: boolean, log?: Logger): Promise<EmbeddedDesk> {
    useFolder(engine.dir);
    const desk = new EmbeddedDesk(engine, takesDecisions, log);
    await desk.ready();
    return desk;
  }

  /** Whether another process is the folder's host. */
  get served(): boolean {
    return this.#own === undefined;
  }

  async ready(): Promise<void> {
    for (;;) {
      await this.#open();
      if (await this.client.ready()) return;
      await delay(AGAIN_MS);
    }
  }

  async close(): Promise<void> {
    const own = this.#own;
    this.#own = undefined;
    await own?.endpoint?.close();
    await own?.server.stop();
    own?.lock.release();
  }

  get #folder(): string {
    return join(this.#engine.dir, 'restate');
  }

  async #open(): Promise<void> {
    if (this.#own?.server.running) return;
    await this.close();
    const lock = await takeHostLock(join(this.#engine.dir, 'host.lock'));
    if (lock === undefined) return;
    let server: EmbeddedServer | undefined;
    let endpoint: WorkerEndpoint | undefined;
    try {
      const { settings } = this.#engine;
      server = await EmbeddedServer.open({ folder: this.#folder, ...(settings ? { settings } : {}) });
      if (this.#takesDecisions) {
        endpoint = await WorkerEndpoint.listenForDecisions({
          identityKeys: [server.publicKey],
          ...(this.#log ? { log: this.#log } : {}),
        });
        await this.#serve(endpoint, server);
      }
      this.#own = { lock, server, endpoint };
    } catch (error) {
      await endpoint?.close();
      const gone = server?.running === false;
      await server?.stop();
      lock.release();
      // One that was killed while it was joined is started again.
      if (!gone || !(error instanceof Unreachable)) throw error;
    }
  }

  async #serve(endpoint: WorkerEndpoint, server: EmbeddedServer): Promise<void> {
    const end = performance.now() + SERVE_MS;
    for (;;) {
      try {
        return await this.client.takeOver(`http://127.0.0.1:${endpoint.port}/`);
      } catch (error) {
        if (!(error instanceof Unreachable) || performance.now() > end || !server.running) throw error;
        await delay(AGAIN_MS);
      }
    }
  }
}
