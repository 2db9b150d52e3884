import type { ClientCall } from './call.ts';
import type { NatsClient } from './client.ts';
import type { Outgoing } from './message.ts';
import { checkSize, type Header, headersOf } from './wire.ts';

/** After so many bytes the server is asked whether it has them; at most twice as many are under way. */
const FLUSH_BYTES = 1024 * 1024;

/** More subjects than this are not kept in mind, but waited for. */
export const MANY_SUBJECTS = 50_000;

/** Publishes without acknowledgement, and resolves to how many when the server has them all. */
export async function publishCore(
  { nc }: NatsClient,
  batches: AsyncIterable<readonly Outgoing[]> | Iterable<readonly Outgoing[]>,
  call: ClientCall,
): Promise<number> {
  let count = 0;
  let bytes = 0;
  let flushing: Promise<void> | undefined;
  for await (const batch of batches) {
    const ready = batch.map((message) => {
      const headers: readonly Header[] = message.id === undefined ? message.headers : [['Nats-Msg-Id', message.id], ...message.headers];
      checkSize(nc, message, headers);
      return { message, headers: headersOf(headers) };
    });
    for (const { message, headers } of ready) {
      call.subjects.add(message.subject);
      nc.publish(message.subject, message.data, headers === undefined ? undefined : { headers });
      count++;
      bytes += message.data.length + message.subject.length;
      if (bytes < FLUSH_BYTES) continue;
      const before = flushing;
      flushing = call.flush();
      // It is awaited with the next one; should something else fail before, that says enough.
      flushing.catch(() => {});
      bytes = 0;
      await before;
    }
    call.signal.throwIfAborted();
    if (call.subjects.size > MANY_SUBJECTS) {
      await call.flush();
      call.subjects.clear();
    }
  }
  await call.flush();
  return count;
}
