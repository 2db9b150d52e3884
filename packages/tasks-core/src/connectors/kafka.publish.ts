import { type ArtifactRef, artifactRefSchema, defineTask } from '@summit/maestro-sdk';
import { Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { Compression, checkBrokers, connectionFields } from '../kafka/config.ts';
import { Message } from '../kafka/message.ts';

const Input = Type.Object(
  {
    ...connectionFields,
    topic: Type.String({ pattern: '^[A-Za-z0-9._-]{1,249}$', description: 'Topic to publish to; it has to exist' }),
    messages: Type.Optional(Type.Array(Message, { description: 'The messages, in the order they are to be written in' })),
    artifact: Type.Optional(
      Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description: 'NDJSON to publish instead of messages, streamed record by record' }),
    ),
    records: Type.Optional(
      Type.Union([Type.Literal('messages'), Type.Literal('values')], {
        description:
          'What a record of the artifact is: a message as in messages, or the value of one. Default: messages, or values where keyField is given',
      }),
    ),
    keyField: Type.Optional(Type.String({ minLength: 1, description: 'Field of each record whose value becomes the key' })),
    acks: Type.Optional(
      Type.Union([Type.Literal(-1), Type.Literal(0), Type.Literal(1)], {
        default: -1,
        description: 'Who has to have a message before it counts as written: -1 all in-sync replicas, 1 the leader, 0 nobody',
      }),
    ),
    compression: Type.Optional(Compression),
    idempotent: Type.Optional(
      Type.Boolean({ description: 'No message twice when a request is repeated within a call; needs acks -1. Default: true with acks -1' }),
    ),
    dedupeHeader: Type.Optional(
      Type.Boolean({ default: true, description: 'Give each message the header maestro-idempotency-key, the same on every attempt' }),
    ),
    timeoutMs: Type.Optional(
      Type.Integer({ minimum: 1, default: 30_000, description: 'Milliseconds for the whole call, retries included' }),
    ),
    maxMessageBytes: Type.Optional(
      Type.Integer({ minimum: 1_024, default: 1_048_588, description: 'Bytes of a record batch at most: max.message.bytes of the topic' }),
    ),
  },
  { additionalProperties: false },
);

const Output = Type.Object({
  count: Type.Integer({ minimum: 0, description: 'Messages published' }),
  offsets: Type.Array(
    Type.Object({
      partition: Type.Integer({ minimum: 0, description: 'Partition' }),
      baseOffset: Type.String({ description: 'Offset of the first message of this call, a decimal number' }),
      lastOffset: Type.String({ description: 'Offset of the last message of this call' }),
      count: Type.Integer({ minimum: 1, description: 'Messages of this call in the partition' }),
    }),
    { description: 'One entry per partition written to; empty with acks 0, which tells nothing' },
  ),
});

type Publisher = typeof import('../kafka/publish.ts');
// kafkajs is loaded by the first call, not with the catalog.
const checkInput = inputCheck(Input, ['messages']);
let publisher: Promise<Publisher> | undefined;

/**
 * Publishes messages to a Kafka topic, in order per partition, through one long-lived producer per configuration.
 *
 * Effect: write. Within a call every message is written exactly once (`idempotent`, the default with `acks: -1`): requests are repeated
 * under the same producer id and sequence numbers until `timeoutMs`. Across attempts and crashes it is at least once: a new attempt
 * writes everything again, under the same header `maestro-idempotency-key` (`<idempotencyKey>/<index of the message>`) by which consumers
 * drop what they have seen. With `idempotent: false` a repeated request may double messages within a call, with `acks: 0` any may be lost.
 *
 * Partition: as given, else murmur2 of the key as in Kafka's own clients, else in turn. Requests stay below `maxMessageBytes`, and are
 * split further when the broker wants them smaller. What is inline is checked before anything is sent. A record of an artifact that is a value
 * and holds integers beyond 2^53 goes out as it is written.
 *
 * Errors. Terminal: `KAFKA_AUTH_FAILED`, `KAFKA_NOT_AUTHORIZED`, `KAFKA_TLS_FAILED`, `TLS_INVALID`, `KAFKA_TOPIC_UNKNOWN`,
 * `KAFKA_PARTITION_UNKNOWN`, `KAFKA_MESSAGE_INVALID`, `KAFKA_MESSAGE_TOO_LARGE`, `KAFKA_RECORD_REFUSED`, `KAFKA_CODEC_MISSING`,
 * `KAFKA_UNSUPPORTED_VERSION`, `INVALID_INPUT`, and what secrets and artifacts throw. Transient: `KAFKA_UNREACHABLE`,
 * `KAFKA_CONNECT_TIMEOUT`, `KAFKA_TIMEOUT`, `KAFKA_LEADER_UNAVAILABLE`, `KAFKA_NOT_ENOUGH_REPLICAS`, `KAFKA_PRODUCER_LOST`.
 * `KAFKA_FAILED` is anything else. `details.acknowledged` counts the messages written before.
 */
export const kafkaPublish = defineTask<typeof Input, typeof Output>({
  name: 'connectors/kafka.publish',
  version: '0.1.0',
  title: 'Publish messages to a Kafka topic',
  description:
    'Publishes messages, or the records of an NDJSON artifact, to a Kafka topic, with TLS, SASL, compression and an idempotent producer.',
  examples: [
    {
      title: 'Two events of one customer, which keep their order',
      input: {
        brokers: ['kafka-1.example.com:9092', 'kafka-2.example.com:9092'],
        topic: 'orders',
        messages: [
          { key: 'customer-7', value: { order: 1, state: 'placed' }, headers: { source: 'shop' } },
          { key: 'customer-7', value: { order: 1, state: 'paid' } },
        ],
      },
    },
    {
      title: 'Records of an artifact over TLS, logged in with the secrets KAFKA_USERNAME and KAFKA_PASSWORD',
      input: {
        brokers: ['kafka.example.com:9094'],
        topic: 'customers',
        artifact: {
          uri: 'artifact:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          size: 0,
          contentType: 'application/x-ndjson',
          name: 'customers.ndjson',
        },
        keyField: 'id',
        compression: 'zstd',
        ssl: true,
        sasl: { mechanism: 'scram-sha-512' },
        timeoutMs: 600_000,
      },
    },
    {
      title: 'A message without a value',
      input: { brokers: ['kafka.example.com:9092'], topic: 'orders', messages: [{ key: 'customer-7' }] },
      error: 'KAFKA_MESSAGE_INVALID',
    },
  ],
  effect: 'write',
  resources: ({ topic, brokers }) => [
    { type: 'kafka.topic', id: topic },
    { type: 'kafka.cluster', id: brokers.toSorted().join(',') },
  ],
  secrets: ['KAFKA_USERNAME', 'KAFKA_PASSWORD', 'KAFKA_TOKEN'],
  // A server that restarts is back after the waits, which are 15 seconds in all.
  retry: { maxAttempts: 5, initialInterval: 1_000, maxInterval: 15_000, factor: 2 },
  input: Input,
  output: Output,
  async execute(ctx, { payload }) {
    checkBrokers(payload?.brokers);
    await checkInput(payload);
    publisher ??= import('../kafka/publish.ts');
    const { publish } = await publisher;
    return { payload: await publish(ctx, payload) };
  },
});

export default kafkaPublish;
