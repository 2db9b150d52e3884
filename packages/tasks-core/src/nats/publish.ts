import { type ArtifactRef, InvalidInputError, type RunContext, TimeoutError } from '@summit/maestro-sdk';
import { orAbort } from '@summit/maestro-sdk/abort';
import { clientSpan, traceHeaders } from '@summit/maestro-sdk/telemetry';
import { withDeadline } from '../connection/deadline.ts';
import type { Connection } from '../connection/pooled.ts';
import type { Acks } from './acks.ts';
import { inCall } from './call.ts';
import { type NatsClient, natsConnection } from './client.ts';
import type { ConnectionFields } from './config.ts';
import { isBroken, publishFailure } from './failure.ts';
import type { Expect, Outgoing } from './message.ts';
import { artifactMessages, idFor, inlineMessages, type Source } from './outbox.ts';
import { publishCore } from './publish-core.ts';
import { publishJetStream } from './publish-jetstream.ts';

/** What `nats.publish` is given. */
export interface PublishRequest extends ConnectionFields, Source {
  jetstream?: boolean | { stream?: string; expect?: Expect; maxInFlight?: number };
  timeoutMs?: number;
}

export type Published = { count: number } & Partial<Acks>;

const MAX_IN_FLIGHT = 1_000;
const TIMEOUT_MS = 30_000;

/** Publishes everything, or throws; see the task. */
export function publish(ctx: RunContext, request: PublishRequest): Promise<Published> {
  const attributes = { 'messaging.system': 'nats', 'messaging.destination.name': request.subject, 'messaging.operation.name': 'publish' };
  return clientSpan(`publish ${request.subject}`, { kind: 'producer', attributes }, async (span) => {
    const published = await publishAll(ctx, request);
    span.setAttribute('messaging.batch.message_count', published.count);
    return published;
  });
}

async function publishAll(ctx: RunContext, request: PublishRequest): Promise<Published> {
  const { timeoutMs = TIMEOUT_MS } = request;
  ctx.signal.throwIfAborted();
  const ready = checked(request);
  let connected = false;
  const late = () => {
    const what = connected ? 'was not over' : `had not begun, as there was no connection to ${[request.servers].flat().join(', ')},`;
    return new TimeoutError(`NATS: publishing to "${request.subject}" ${what} within ${timeoutMs} ms (timeoutMs)`, {
      code: 'NATS_TIMEOUT',
    });
  };
  return withDeadline(ctx.signal, timeoutMs, late, async (signal) => {
    const pooled = await orAbort(natsConnection(ctx, request), signal);
    return onOpen(pooled, signal, (client) => {
      connected = true;
      return inCall(client, signal, async (call) => {
        const batches = traced(
          ready.messages ?? artifactMessages({ artifacts: ctx.artifacts, signal: call.signal }, ready.artifact, request),
          Object.entries(traceHeaders()),
        );
        try {
          if (ready.jetstream === undefined) return { count: await publishCore(client, batches, call) };
          const options = { ...ready.jetstream, idOf: idFor(ctx.idempotencyKey) };
          return await publishJetStream(client, batches, call, options, ctx);
        } catch (error) {
          throw publishFailure(error, call.signal);
        }
      });
    });
  });
}

type Batches = Iterable<Outgoing[]> | AsyncIterable<Outgoing[]>;

/** The messages with headers that say which trace they are part of, where they have none that do. */
function traced(batches: Batches, trace: [string, string][]): Batches {
  if (trace.length === 0) return batches;
  return (async function* () {
    for await (const batch of batches) {
      yield batch.map((message) => {
        const given = new Set(message.headers.map(([name]) => name));
        return { ...message, headers: [...message.headers, ...trace.filter(([name]) => !given.has(name))] };
      });
    }
  })();
}

/** Runs `work` on a client that is open: one that has closed since it was used last is replaced, before anything was sent. */
async function onOpen<T>(pooled: Connection<NatsClient>, signal: AbortSignal, work: (client: NatsClient) => Promise<T>): Promise<T> {
  const closed = new Error('closed');
  const attempt = () =>
    pooled.use(
      signal,
      async (client) => {
        if (client.nc.isClosed()) throw closed;
        return work(client);
      },
      (error) => error === closed || isBroken(error),
    );
  try {
    return await attempt();
  } catch (error) {
    if (error !== closed) throw error;
    return attempt();
  }
}

interface Ready {
  messages: Outgoing[][] | undefined;
  artifact: ArtifactRef;
  jetstream: { expect: Expect | undefined; maxInFlight: number } | undefined;
}

/** Checks what can be checked without a server. */
function checked(request: PublishRequest): Ready {
  const { messages, artifact, records, idField } = request;
  if ((messages === undefined) === (artifact === undefined)) {
    throw new InvalidInputError(`give either messages or artifact, found ${messages === undefined ? 'neither' : 'both'}`);
  }
  if (artifact === undefined && (records ?? idField) !== undefined) throw new InvalidInputError('records and idField are for an artifact');
  const jetstream = jetstreamOptions(request.jetstream);
  const inline = messages === undefined ? undefined : inlineMessages(messages, request.subject);
  if (jetstream === undefined && inline?.some(({ expect }) => expect !== undefined)) {
    throw new InvalidInputError('expect of a message needs jetstream: true; nobody checks it elsewhere');
  }
  return { messages: inline && [inline], artifact: artifact as ArtifactRef, jetstream };
}

function jetstreamOptions(given: PublishRequest['jetstream']): Ready['jetstream'] {
  if (given === undefined || given === false) return undefined;
  const { stream, expect, maxInFlight = MAX_IN_FLIGHT } = given === true ? {} : given;
  if (stream !== undefined && expect?.streamName !== undefined && stream !== expect.streamName) {
    throw new InvalidInputError(`jetstream.stream "${stream}" and jetstream.expect.streamName "${expect.streamName}" differ`);
  }
  return { expect: stream === undefined ? expect : { ...expect, streamName: stream }, maxInFlight };
}
