import {
  type ArtifactRef,
  createRunContext,
  InvalidInputError,
  isArtifactRef,
  isTaskError,
  type RunContext,
  TaskError,
  TimeoutError,
} from '@summit/maestro-sdk';
import { clientSpan, traceHeaders } from '@summit/maestro-sdk/telemetry';
import { withDeadline } from '../connection/deadline.ts';
import { type Connection, connection } from '../connection/pooled.ts';
import type { Tls } from '../connection/tls.ts';
import { Batcher } from './batches.ts';
import { codecOf } from './codecs.ts';
import { CONNECTION_DEFAULTS, type Compression, loginOf, type Sasl } from './config.ts';
import { BATCH_OVERHEAD, type Outgoing, outgoing } from './message.ts';
import { KafkaProducer, type ProducerConfig, ProducerRetired, type Request } from './producer.ts';
import { recordMessages } from './record-messages.ts';
import { type PartitionOffsets, Tally } from './tally.ts';

export interface Publication {
  brokers: string[];
  topic: string;
  messages?: unknown[];
  artifact?: ArtifactRef;
  records?: 'messages' | 'values';
  keyField?: string;
  acks?: -1 | 0 | 1;
  compression?: Compression;
  idempotent?: boolean;
  dedupeHeader?: boolean;
  ssl?: Tls;
  sasl?: Sasl;
  clientId?: string;
  connectTimeoutMs?: number;
  timeoutMs?: number;
  maxMessageBytes?: number;
}

export const DEFAULTS = { acks: -1, compression: 'none', timeoutMs: 30_000, maxMessageBytes: 1_048_588 } as const;

/** Publishes everything, in order, and resolves when it is written. */
export function publish(given: RunContext, input: Publication): Promise<{ count: number; offsets: PartitionOffsets[] }> {
  const attributes = { 'messaging.system': 'kafka', 'messaging.destination.name': input.topic, 'messaging.operation.name': 'send' };
  return clientSpan(`send ${input.topic}`, { kind: 'producer', attributes }, async (span) => {
    const published = await publishAll(given, input);
    span.setAttribute('messaging.batch.message_count', published.count);
    return published;
  });
}

async function publishAll(given: RunContext, input: Publication): Promise<{ count: number; offsets: PartitionOffsets[] }> {
  const ctx = createRunContext(given);
  ctx.signal.throwIfAborted();
  const { topic, brokers, acks = DEFAULTS.acks, idempotent = acks === -1, timeoutMs = DEFAULTS.timeoutMs } = input;
  if (idempotent && acks !== -1)
    throw new InvalidInputError(`idempotent needs acks: -1, found ${acks}: only what all replicas have is not sent twice`);
  const limit = input.maxMessageBytes ?? DEFAULTS.maxMessageBytes;
  // What is given inline is read before anything is sent: a mistake in the last message leaves no first one behind.
  const batches = batchesOf(ctx, input, limit);
  const config = await configOf(ctx, input, idempotent);
  const compression = await codecOf(input.compression ?? DEFAULTS.compression);
  const tally = new Tally();
  let failing: Error | undefined;
  const late = () => lateError(timeoutMs, { topic, brokers }, failing);
  try {
    return await withDeadline(ctx.signal, timeoutMs, late, async (signal) => {
      const producers = await connection(ctx, specOf(config));
      for await (const messages of batches) {
        signal.throwIfAborted();
        const request: Request = { topic, acks, compression, messages, failing: (error) => (failing = error) };
        tally.add(messages.length, await send(producers, request, signal));
        failing = undefined;
      }
      return { count: tally.count, offsets: tally.offsets };
    });
  } catch (error) {
    throw tally.count > 0 && isTaskError(error) ? told(error, tally.count) : error;
  }
}

/** Sends through the producer of the configuration; through another one where that has been retired since. */
async function send(producers: Connection<KafkaProducer>, request: Request, signal: AbortSignal) {
  for (;;) {
    let used: KafkaProducer | undefined;
    try {
      return await producers.use(
        signal,
        (producer) => {
          used = producer;
          return producer.send(request, signal);
        },
        () => used?.retired === true,
      );
    } catch (error) {
      if (!(error instanceof ProducerRetired)) throw error;
    }
  }
}

function specOf(config: ProducerConfig) {
  const { brokers } = config;
  return {
    kind: 'kafka',
    config,
    open: (signal: AbortSignal) => new KafkaProducer(config).open(signal),
    close: (producer: KafkaProducer) => producer.close(),
    healthy: (producer: KafkaProducer) => producer.healthy,
    connectTimeoutMs: config.connectTimeoutMs,
    late: (ms: number) =>
      new TimeoutError(
        `Kafka at ${brokers.join(', ')} did not answer within ${ms} ms (connectTimeoutMs); is it a Kafka listener, and does it want TLS?`,
        {
          code: 'KAFKA_CONNECT_TIMEOUT',
        },
      ),
  };
}

async function configOf(ctx: RunContext, input: Publication, idempotent: boolean): Promise<ProducerConfig> {
  const { brokers, ssl, clientId = CONNECTION_DEFAULTS.clientId, connectTimeoutMs = CONNECTION_DEFAULTS.connectTimeoutMs } = input;
  const login = await loginOf(ctx, input.sasl);
  return {
    brokers,
    clientId,
    connectTimeoutMs,
    idempotent,
    ...(ssl === undefined ? {} : { ssl }),
    ...(login === undefined ? {} : { login }),
  };
}

function batchesOf(ctx: RunContext, input: Publication, limit: number): Iterable<Outgoing[]> | AsyncIterable<Outgoing[]> {
  const { messages, artifact, compression = DEFAULTS.compression, dedupeHeader = true } = input;
  if ((messages === undefined) === (artifact === undefined)) throw new InvalidInputError('give either messages or an artifact');
  const dedupeKey = dedupeHeader ? ctx.idempotencyKey : undefined;
  const trace = traceHeaders();
  const check = (message: Outgoing): Outgoing => {
    // What a codec makes of it is for the broker to judge.
    if (compression === 'none' && message.alone > limit) throw tooLarge(input.topic, message, limit);
    return message;
  };
  if (messages !== undefined) {
    if (!Array.isArray(messages)) throw new InvalidInputError('messages: expected a list');
    return inBatches(
      // Not map, which passes over what is missing in a list.
      Array.from(messages, (message, index) => check(outgoing(message, index, dedupeKey, trace))),
      limit,
    );
  }
  if (!isArtifactRef(artifact)) throw new InvalidInputError('artifact: expected a reference to an artifact');
  return streamed(ctx, artifact, input, dedupeKey, trace, check, limit);
}

function* inBatches(messages: Iterable<Outgoing>, limit: number): Generator<Outgoing[]> {
  const batcher = new Batcher(limit);
  for (const message of messages) {
    const full = batcher.add(message);
    if (full !== undefined) yield full;
  }
  const rest = batcher.rest();
  if (rest !== undefined) yield rest;
}

async function* streamed(
  ctx: RunContext,
  artifact: ArtifactRef,
  input: Publication,
  dedupeKey: string | undefined,
  trace: Record<string, string>,
  check: (message: Outgoing) => Outgoing,
  limit: number,
): AsyncGenerator<Outgoing[]> {
  const batcher = new Batcher(limit);
  for await (const message of recordMessages(ctx, artifact, input, dedupeKey, trace)) {
    const full = batcher.add(check(message));
    if (full !== undefined) yield full;
  }
  const rest = batcher.rest();
  if (rest !== undefined) yield rest;
}

function tooLarge(topic: string, { index, alone }: Outgoing, limit: number): TaskError {
  return TaskError.terminal(
    'KAFKA_MESSAGE_TOO_LARGE',
    `message ${index} for topic "${topic}" makes a record batch of ${alone} bytes (${BATCH_OVERHEAD} of them the batch's own), and maxMessageBytes is ${limit}; compress it, send a reference to the content, or raise both maxMessageBytes and the topic's max.message.bytes`,
    { details: { index, bytes: alone, limit } },
  );
}

function lateError(ms: number, { topic, brokers }: { topic: string; brokers: readonly string[] }, failing: Error | undefined): TaskError {
  if (isTaskError(failing))
    return new TaskError(`${failing.message}; still so after ${ms} ms (timeoutMs)`, {
      code: failing.code,
      retryable: true,
      cause: failing,
    });
  return new TimeoutError(`topic "${topic}" at ${brokers.join(', ')}: not everything was accepted within ${ms} ms (timeoutMs)`, {
    code: 'KAFKA_TIMEOUT',
  });
}

/** The same error, with how many messages were written before it. */
function told(error: TaskError, acknowledged: number): TaskError {
  const { code, retryable, details, cause } = error;
  return new TaskError(`${error.message}; ${acknowledged} messages before were acknowledged`, {
    code,
    retryable,
    details: { ...(typeof details === 'object' ? details : {}), acknowledged },
    cause: cause ?? error,
  });
}
