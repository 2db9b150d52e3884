import type { ClientCall } from './call.ts';
import type { NatsClient } from './client.ts';
import type { Outgoing } from './message.ts';
import { checkSendable, type Header, Wire } from './wire.ts';

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
  const wire = new Wire(nc);
  let count = 0;
  let bytes = 0;
  let subject = '';
  let flushing: Promise<void> | undefined;
  for await (const batch of batches) {
    for (const message of batch) checkSendable(nc, message, headersWithId(message));
    for (const message of batch) {
      if (message.subject !== subject) {
        subject = message.subject;
        call.subjects.add(subject);
      }
      wire.publish(message, headersWithId(message));
      count++;
      bytes += message.data.length + subject.length;
      if (bytes < FLUSH_BYTES) continue;
      const before = flushing;
      wire.send();
      flushing = call.flush();
      // It is awaited with the next one; should something else fail before, that says enough.
      flushing.catch(() => {});
      bytes = 0;
      await before;
    }
    wire.send();
    call.signal.throwIfAborted();
    if (call.subjects.size > MANY_SUBJECTS) {
      await call.flush();
      call.subjects.clear();
      subject = '';
    }
  }
  await call.flush();
  return count;
}

function headersWithId({ id, headers }: Outgoing): readonly Header[] {
  return id === undefined ? headers : [['Nats-Msg-Id', id], ...headers];
}
