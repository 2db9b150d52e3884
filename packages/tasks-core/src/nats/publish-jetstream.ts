import type { RunContext } from '@summit/maestro-sdk';
import type { Msg } from 'nats';
import { type Ack, AckLog, type Acks } from './acks.ts';
import type { ClientCall } from './call.ts';
import type { NatsClient } from './client.ts';
import { Expectations } from './expectations.ts';
import { type ApiError, nobodyAnswered, refusal } from './jetstream-failure.ts';
import type { Expect, Outgoing } from './message.ts';
import { MANY_SUBJECTS } from './publish-core.ts';
import { Window } from './window.ts';
import { checkSendable, type Header, Wire } from './wire.ts';

export interface JetStreamOptions {
  /** Gives a message that has no id of its own one that is the same on every attempt. */
  idOf(index: number): string;
  expect: Expect | undefined;
  /** Messages under way at most. */
  maxInFlight: number;
}

/** Publishes, and resolves when every message is acknowledged. */
export async function publishJetStream(
  { nc, acks: inbox }: NatsClient,
  batches: AsyncIterable<readonly Outgoing[]> | Iterable<readonly Outgoing[]>,
  call: ClientCall,
  { idOf, expect, maxInFlight }: JetStreamOptions,
  ctx: Pick<RunContext, 'artifacts'>,
): Promise<Acks & { count: number }> {
  const wire = new Wire(nc);
  const window = new Window(maxInFlight);
  const expectations = new Expectations(expect);
  const log = new AckLog(ctx, call.signal);
  const underWay = new Map<number, Outgoing>();
  let failed: { message: Outgoing; answer: ApiError | 'nobody' } | undefined;
  const replies = inbox.open((index, answer) => {
    const message = underWay.get(index);
    if (message === undefined) return;
    underWay.delete(index);
    const read = readAnswer(answer);
    if (read === 'nobody' || 'error' in read) failed ??= { message, answer: read === 'nobody' ? read : read.error };
    else log.add(index, read);
    window.remove(index);
  });
  const throwIfFailed = async () => {
    if (failed === undefined) return;
    const { message, answer } = failed;
    throw answer === 'nobody' ? await nobodyAnswered(nc, message, expectations.streamName) : refusal(message, answer);
  };
  const roomFor = async (enough: () => boolean) => {
    wire.send();
    while (failed === undefined && !enough()) await window.changed(call.signal);
    await throwIfFailed();
  };
  let count = 0;
  try {
    for await (const batch of batches) {
      const ready = batch.map((message) => {
        const id = message.id ?? idOf(message.index);
        const headers: Header[] = [['Nats-Msg-Id', id], ...expectations.of(message, id), ...message.headers];
        checkSendable(nc, message, headers);
        return { message, headers };
      });
      for (const { message, headers } of ready) {
        if (window.full) {
          await roomFor(() => !window.full);
          await log.spill();
        }
        call.subjects.add(message.subject);
        window.add(message.index, message.data.length);
        underWay.set(message.index, message);
        wire.publish(message, headers, replies.replyTo(message.index));
        count++;
      }
      wire.send();
      call.signal.throwIfAborted();
      await throwIfFailed();
      if (call.subjects.size > MANY_SUBJECTS) {
        await roomFor(() => window.empty);
        call.subjects.clear();
      }
    }
    await roomFor(() => window.empty);
    return { count, ...(await log.end()) };
  } finally {
    replies.close();
    log.abandon();
  }
}

function readAnswer(answer: Msg): Ack | { error: ApiError } | 'nobody' {
  if (answer.data.length === 0) {
    const { code = 0, description = '' } = answer.headers ?? {};
    return code === 503 ? 'nobody' : { error: { code, description } };
  }
  let read: { stream?: unknown; seq?: unknown; duplicate?: unknown; error?: ApiError };
  try {
    read = answer.json();
  } catch {
    read = {};
  }
  if (read.error !== undefined) return { error: read.error };
  // A service that happens to listen on the subject may answer as well.
  if (typeof read.stream !== 'string' || read.stream === '' || typeof read.seq !== 'number') {
    return { error: { code: 400, description: 'the answer is not that of a stream; does a service listen on the subject?' } };
  }
  return { stream: read.stream, seq: read.seq, duplicate: read.duplicate === true };
}
