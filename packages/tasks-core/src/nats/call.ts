import { setImmediate } from 'node:timers/promises';
import { orAbort } from '@summit/maestro-sdk/abort';
import type { NatsClient, Watcher } from './client.ts';
import { connectionLost, notPermitted } from './failure.ts';

/** One call on a connection that it shares with others. */
export interface ClientCall {
  /** Aborted with the run, with the connection, and when the server refuses what was published. */
  signal: AbortSignal;
  /** Subjects that were published to. */
  subjects: Set<string>;
  /** Resolves when the server has taken everything that was published before, and has not refused it. */
  flush(): Promise<void>;
}

/** Runs `work`, and ends it with the reason as soon as the run is aborted, the connection lost, or a subject refused. */
export async function inCall<T>(client: NatsClient, signal: AbortSignal, work: (call: ClientCall) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const subjects = new Set<string>();
  const watcher: Watcher = {
    lost: (reason) => controller.abort(connectionLost(reason)),
    refused(operation, subject) {
      const inbox = client.acks.owns(subject);
      if (inbox || subjects.has(subject)) controller.abort(notPermitted(operation, subject, inbox));
    },
  };
  const onAbort = () => controller.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', onAbort, { once: true });
  client.watchers.add(watcher);
  const call: ClientCall = {
    signal: controller.signal,
    subjects,
    async flush() {
      await orAbort(client.nc.flush(), controller.signal);
      // A refusal comes before the answer to the flush, but takes the library some microtasks longer to tell.
      await setImmediate();
      controller.signal.throwIfAborted();
    },
  };
  try {
    return await work(call);
  } catch (error) {
    throw controller.signal.aborted ? controller.signal.reason : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
    client.watchers.delete(watcher);
  }
}
