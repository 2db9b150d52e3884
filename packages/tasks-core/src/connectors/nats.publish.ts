import { type ArtifactRef, artifactRefSchema, createRunContext, defineTask } from '@summit/maestro-sdk';
import { Type } from '@summit/maestro-sdk/schema';
import { inputCheck } from '../input/check-input.ts';
import { checkServers, connectionFields, SECRETS } from '../nats/config.ts';
import { Expect, Message } from '../nats/message.ts';
import { checkedSubject, LONGEST_SUBJECT } from '../nats/subject.ts';

const JetStream = Type.Object(
  {
    stream: Type.Optional(
      Type.String({ minLength: 1, description: 'Name of the stream that must take the messages; as expect.streamName' }),
    ),
    expect: Type.Optional(Expect),
    maxInFlight: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        description: 'Messages under way before an acknowledgement is waited for. Default: 1,000',
      }),
    ),
  },
  { additionalProperties: false, description: 'Acknowledged by a stream, with what is expected of it' },
);

const Input = Type.Object(
  {
    ...connectionFields,
    subject: Type.String({ minLength: 1, maxLength: LONGEST_SUBJECT, description: 'Subject to publish to, without wildcards' }),
    messages: Type.Optional(Type.Array(Message, { description: 'The messages, in the order they are to be published in' })),
    artifact: Type.Optional(
      Type.Unsafe<ArtifactRef>({ ...artifactRefSchema, description: 'NDJSON to publish instead of messages, streamed record by record' }),
    ),
    records: Type.Optional(
      Type.Union([Type.Literal('messages'), Type.Literal('values')], {
        description:
          'What a record of the artifact is: a message as in messages, or the data of one. Default: messages, or values where idField is given',
      }),
    ),
    idField: Type.Optional(Type.String({ minLength: 1, description: 'Field of each record whose value becomes the id of its message' })),
    jetstream: Type.Optional(
      Type.Union([Type.Boolean({ description: 'true: every message is acknowledged by a stream' }), JetStream], {
        default: false,
        description: 'Whether a stream has to store the messages; without, they go to those who listen at the moment',
      }),
    ),
    timeoutMs: Type.Optional(Type.Integer({ minimum: 1, default: 30_000, description: 'Milliseconds for the whole call' })),
  },
  { additionalProperties: false },
);

const count = (description: string) => Type.Integer({ minimum: 0, description });

const Output = Type.Object({
  count: count('Messages published'),
  acks: Type.Optional(
    Type.Array(
      Type.Object({
        stream: Type.String({ description: 'Stream that has the message' }),
        seq: count('Sequence of the message in it'),
        duplicate: Type.Boolean({ description: 'It was there already' }),
      }),
      { description: 'JetStream: where each message is stored, in order; up to 1,000 of them' },
    ),
  ),
  acksArtifact: Type.Optional(
    Type.Unsafe<ArtifactRef>({
      ...artifactRefSchema,
      description: 'JetStream: the acknowledgements of more than 1,000 messages as NDJSON',
    }),
  ),
  duplicates: Type.Optional(count('JetStream: messages that were there already')),
  streams: Type.Optional(
    Type.Array(
      Type.Object({
        stream: Type.String({ description: 'Name of the stream' }),
        count: count('Messages it acknowledged'),
        duplicates: count('Of which it had these already'),
        firstSeq: count('Lowest sequence'),
        lastSeq: count('Highest sequence'),
      }),
      { description: 'JetStream: the acknowledgements per stream' },
    ),
  ),
});

type Publisher = typeof import('../nats/publish.ts');
// The client is loaded by the first call, not with the catalog.
let publisher: Promise<Publisher> | undefined;
const checkInput = inputCheck(Input, ['messages']);

/**
 * Publishes messages to a NATS subject, in order, through one long-lived connection per configuration.
 *
 * Effect: write. Without `jetstream` at most once per attempt to each subscriber that listens at the moment, and to nobody when none does:
 * the call returns when the server has everything, and a retry publishes everything again.
 *
 * With `jetstream` every message is acknowledged by a stream, which stores it once however often the call is repeated within the stream's
 * `duplicate_window` (2 minutes unless the stream says otherwise): each message has the `Nats-Msg-Id` of its `id`, by default
 * `<idempotencyKey>/<index>`, the same on every attempt. A retry, also after a crash, adds what is missing, and the acknowledgements of the rest
 * say `duplicate`. A retry after the window stores the messages a second time.
 *
 * With `expect.lastMsgID` or `expect.lastSequence` the messages are stored in one piece and never twice, however late the retry: one after the
 * window is refused with `NATS_EXPECT_FAILED`. Within the window a retry with `lastMsgID` completes what had begun; with `lastSequence` that
 * depends on the server, as newer ones look at it before they look at ids and refuse the retry.
 *
 * Messages that are inline are checked before the first is sent; of an artifact those before a record that is wrong are published. A record
 * that is data and holds integers beyond 2^53 goes out as it is written.
 * A connection that breaks ends the call at once (nothing is buffered), and the next attempt opens another.
 *
 * Errors. Terminal: `NATS_AUTH_FAILED`, `NATS_CREDENTIALS_INVALID`, `NATS_PERMISSION`, `NATS_TLS`, `TLS_INVALID`, `NATS_SUBJECT_INVALID`,
 * `NATS_MESSAGE_INVALID`, `NATS_MESSAGE_TOO_LARGE`, `NATS_STREAM_UNKNOWN`, `NATS_STREAM_REFUSED` (a limit of the stream), `NATS_EXPECT_FAILED`,
 * `NATS_UNSUPPORTED`, `INVALID_INPUT`, and what secrets and artifacts throw. Transient: `NATS_UNREACHABLE`, `NATS_CONNECTION_LOST`,
 * `NATS_STREAM_UNAVAILABLE`, `NATS_TIMEOUT`.
 */
export const natsPublish = defineTask<typeof Input, typeof Output>({
  name: 'connectors/nats.publish',
  version: '0.1.0',
  title: 'Publish messages to NATS',
  description:
    'Publishes messages, or the records of an NDJSON artifact, to a NATS subject or a JetStream stream, with acknowledgements and deduplication.',
  examples: [
    {
      title: 'A message to whoever listens',
      input: { servers: 'nats://127.0.0.1:4222', subject: 'orders.created', messages: [{ data: { id: 'A-17', total: 42 } }] },
    },
    {
      title: 'Stored by a stream, each message once',
      input: {
        servers: ['nats-1.example:4222', 'nats-2.example:4222'],
        subject: 'orders.created',
        messages: [
          { data: { id: 'A-17', total: 42 }, id: 'order-A-17', headers: { source: 'shop' } },
          { data: 'AAECAw==', encoding: 'base64', subject: 'orders.scanned' },
        ],
        jetstream: { stream: 'ORDERS' },
      },
    },
    {
      title: 'The records of an artifact over TLS, logged in with the secret NATS_CREDS',
      input: {
        servers: 'tls://nats.example:4222',
        auth: 'creds',
        subject: 'records.enriched',
        artifact: {
          uri: 'artifact:sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
          size: 0,
          contentType: 'application/x-ndjson',
          name: 'records.ndjson',
        },
        records: 'values',
        idField: 'id',
        jetstream: true,
      },
    },
    {
      title: 'Nothing can be published to a wildcard',
      input: { servers: 'nats://127.0.0.1:4222', subject: 'orders.*', messages: ['hello'] },
      error: 'NATS_SUBJECT_INVALID',
    },
  ],
  effect: 'write',
  secrets: SECRETS,
  resources: ({ subject, messages = [] }) => {
    const own = messages.flatMap((message) => (typeof message === 'string' || message.subject === undefined ? [] : [message.subject]));
    return [...new Set([subject, ...own])].map((id) => ({ type: 'nats.subject', id }));
  },
  retry: { maxAttempts: 5, initialInterval: 500, maxInterval: 10_000, factor: 2 },
  input: Input,
  output: Output,
  async execute(ctx, { payload }) {
    checkedSubject(payload?.subject, 'subject');
    checkServers(payload.servers);
    await checkInput(payload);
    publisher ??= import('../nats/publish.ts');
    const { publish } = await publisher;
    return { payload: await publish(createRunContext(ctx), payload) };
  },
});

export default natsPublish;
