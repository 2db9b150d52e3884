import type { Logger } from '@summit/maestro-sdk';
import type { EventSink } from '../../interpreter/events.ts';
import type { TaskHost } from '../../interpreter/host.ts';
import type { EngineOptions } from '../../options.ts';
import { RestateClient } from './client.ts';
import { WorkerEndpoint } from './endpoint.ts';
import type { Residence } from './residence.ts';

/** A Restate server that somebody else runs, with this process as one of its workers. */
export class RemoteResidence implements Residence {
  readonly client: RestateClient;
  readonly #endpoint: WorkerEndpoint;

  private constructor(client: RestateClient, endpoint: WorkerEndpoint) {
    this.client = client;
    this.#endpoint = endpoint;
  }

  static async open(
    engine: Extract<EngineOptions, { kind: 'remote' }>,
    host: TaskHost,
    sink: EventSink,
    log?: Logger,
  ): Promise<RemoteResidence> {
    const client = new RestateClient({ url: engine.ingressUrl }, { url: engine.adminUrl });
    const endpoint = await WorkerEndpoint.listen(host, sink, {
      onCodeChanged: (invocation) => client.runs.setAside(invocation, log),
      ...(engine.host === undefined ? {} : { host: engine.host }),
      ...(engine.port === undefined ? {} : { port: engine.port }),
      ...(engine.identityKeys === undefined ? {} : { identityKeys: engine.identityKeys }),
      ...(engine.inactivityMs === undefined ? {} : { inactivityMs: engine.inactivityMs }),
      ...(engine.restAfterMs === undefined ? {} : { restAfterMs: engine.restAfterMs }),
      ...(log === undefined ? {} : { log }),
    });
    try {
      await client.register(engine.advertisedUrl ?? `http://127.0.0.1:${endpoint.port}/`);
    } catch (error) {
      await endpoint.close();
      throw error;
    }
    return new RemoteResidence(client, endpoint);
  }

  async ready(): Promise<void> {}

  close(): Promise<void> {
    return this.#endpoint.close();
  }
}
