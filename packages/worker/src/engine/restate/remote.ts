import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '@summit/maestro-sdk';
import type { EngineOptions } from '../../options.ts';
import { RestateClient } from './client.ts';
import type { Residence } from './residence.ts';

const AGAIN_MS = 250;
/** How long a server that somebody else runs may be away, in milliseconds: when a command begins, and while it is at it. */
const AT_FIRST_MS = 5_000;
const LATER_MS = 60_000;

/** A Restate server that somebody else runs, for a process that is none of its workers. */
export class RemoteAccess implements Residence {
  readonly client: RestateClient;
  #answered = false;

  private constructor(client: RestateClient) {
    this.client = client;
  }

  static to({ ingressUrl, adminUrl }: Extract<EngineOptions, { kind: 'remote' }>): RemoteAccess {
    return new RemoteAccess(RestateClient.at(ingressUrl, adminUrl));
  }

  /** Rejects with `ENGINE_UNREACHABLE` when nothing answers for a while. */
  async ready(): Promise<void> {
    const end = performance.now() + (this.#answered ? LATER_MS : AT_FIRST_MS);
    while (!(await this.client.ready())) {
      if (performance.now() > end) {
        throw TaskError.terminal(
          'ENGINE_UNREACHABLE',
          `no Restate server answers at ${this.client.adminAddress}; check that it is up and that engine.adminUrl and engine.ingressUrl are its addresses`,
        );
      }
      await delay(AGAIN_MS);
    }
    this.#answered = true;
  }

  /** The pools that some worker has registered for. */
  pools(): Promise<ReadonlySet<string>> {
    return this.client.pools();
  }

  async close(): Promise<void> {}
}
