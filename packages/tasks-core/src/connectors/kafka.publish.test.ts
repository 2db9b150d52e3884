import type { RunContext } from '@summit/maestro-sdk';
import type { Static } from '@summit/maestro-sdk/schema';
import { createTestContext, type TestContextOptions } from '@summit/maestro-sdk/testing';
import { kafka } from '@summit/maestro-services';
import { describe, expect, it } from 'vitest';
import { makeTopic, type Read, readTopic } from '../../test/support/kafka.ts';
import { codecOf } from '../kafka/codecs.ts';
import { kafkaPublish } from './kafka.publish.ts';

type Payload = Static<typeof kafkaPublish.input>;

const { brokers, tls, mutualTls, sasl, oauth } = await kafka();
const context = (options: TestContextOptions = {}) => createTestContext({ task: kafkaPublish, ...options });
const publish = async (ctx: RunContext, payload: Partial<Payload> & { topic: string }) =>
  (await kafkaPublish.execute(ctx, { payload: { brokers, ...payload } })).payload;
const values = (read: readonly Read[]) => read.map(({ value }) => value?.toString() ?? null);
const numbered = (count: number, size = 0) =>
  Array.from({ length: count }, (_, i) => ({ key: `key-${i % 7}`, value: `${i} ${'x'.repeat(size)}` }));
/** A random text, which no codec makes much shorter. */
const noise = (size: number) =>
  Buffer.from(crypto.getRandomValues(new Uint8Array(Math.min(size, 65_536))))
    .toString('base64')
    .repeat(Math.ceil(size / 65_536))
    .slice(0, size);

describe('what is published', () => {
  it('is text as it is, other values as JSON, null, and bytes', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context({ idempotencyKey: 'run-1/publish' });
    const output = await publish(ctx, {
      topic,
      messages: [
        { key: 'a', value: 'text' },
        { key: 'a', value: { n: [1, null] }, headers: { source: 'test', tag: ['x', 'y'] } },
        { key: 'a', value: null },
        { keyBase64: 'aw==', valueBase64: '/wAB' },
        { value: 7, timestamp: '2020-01-31T10:00:00Z' },
        { key: null, value: false, timestamp: 0, headers: { 'maestro-idempotency-key': 'my own' } },
        { value: '' },
      ],
    });
    expect(output).toEqual({ count: 7, offsets: [{ partition: 0, baseOffset: '0', lastOffset: '6', count: 7 }] });
    const read = await readTopic(brokers, topic);
    expect(read.map(({ key }) => key)).toEqual(['a', 'a', 'a', 'k', null, null, null]);
    expect(read.map(({ value }) => value?.toString('latin1') ?? null)).toEqual([
      'text',
      '{"n":[1,null]}',
      null,
      '\xff\0\x01',
      '7',
      'false',
      '',
    ]);
    expect(read[1]?.headers).toEqual({ source: 'test', tag: ['x', 'y'], 'maestro-idempotency-key': 'run-1/publish/1' });
    expect(read[5]?.headers).toEqual({ 'maestro-idempotency-key': 'my own' });
    expect([read[4]?.timestamp, read[5]?.timestamp]).toEqual([Date.UTC(2020, 0, 31, 10), 0]);
    expect(Math.abs(Date.now() - (read[0]?.timestamp ?? 0))).toBeLessThan(60_000);
  });

  it('keeps its order per key over many partitions and requests, and goes where it is told', async () => {
    const topic = await makeTopic(brokers, 5);
    await using ctx = context();
    const messages = [...numbered(5_000, 50), { key: 'key-0', value: 'told', partition: 4 }];
    const { count, offsets } = await publish(ctx, { topic, messages, maxMessageBytes: 20_000 });
    const read = await readTopic(brokers, topic);
    expect(count).toBe(5_001);
    expect(offsets.map((each) => [each.partition, each.count])).toEqual(
      offsets.map(({ partition }) => [partition, read.filter((each) => each.partition === partition).length]),
    );
    for (let key = 0; key < 7; key++) {
      const own = read.filter((each) => each.key === `key-${key}` && each.value?.toString() !== 'told');
      expect(new Set(own.map(({ partition }) => partition)).size).toBe(1);
      const order = own.map(({ value }) => Number.parseInt(value?.toString() ?? '', 10));
      expect(order).toEqual(order.toSorted((a, b) => a - b));
      expect(order.length).toBeGreaterThan(700);
    }
    expect(read.filter((each) => each.value?.toString() === 'told').map(({ partition }) => partition)).toEqual([4]);
  });

  it('comes back from every codec', async () => {
    await using ctx = context();
    await Promise.all(
      (['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const).map(async (compression) => {
        await codecOf(compression);
        const topic = await makeTopic(brokers);
        const messages = Array.from({ length: 300 }, (_, i) => ({ key: `${i}`, value: `${compression} ${i} `.repeat(40) }));
        await publish(ctx, { topic, compression, messages });
        expect(values(await readTopic(brokers, topic))).toEqual(messages.map(({ value }) => value));
      }),
    );
  });

  it('may be sent with weaker acknowledgement, and without the header', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context();
    expect(await publish(ctx, { topic, messages: [{ value: 'leader' }], acks: 1, dedupeHeader: false })).toEqual({
      count: 1,
      offsets: [{ partition: 0, baseOffset: '0', lastOffset: '0', count: 1 }],
    });
    expect(await publish(ctx, { topic, messages: [{ value: 'nobody' }], acks: 0 })).toEqual({ count: 1, offsets: [] });
    await ctx.closeClients();
    await expect.poll(async () => values(await readTopic(brokers, topic)), { timeout: 5_000 }).toEqual(['leader', 'nobody']);
    expect((await readTopic(brokers, topic))[0]?.headers).toEqual({});
    await expect(publish(ctx, { topic, messages: [{ value: 1 }], acks: 1, idempotent: true })).rejects.toMatchObject({
      code: 'INVALID_INPUT',
    });
  });

  it('may be nothing', async () => {
    await using ctx = context();
    expect(await publish(ctx, { topic: 'no-such-topic', messages: [] })).toEqual({ count: 0, offsets: [] });
  });
});

describe('an artifact', () => {
  const put = (ctx: RunContext, lines: unknown[]) =>
    ctx.artifacts.put(lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n'), { name: 'in.ndjson' });

  it('holds messages, or the values of messages with one of their fields as key', async () => {
    const [first, second] = await Promise.all([makeTopic(brokers), makeTopic(brokers)]);
    await using ctx = context();
    const messages = await put(ctx, [{ key: 'a', value: { n: 1 }, headers: { h: '1' } }, { value: null }]);
    expect(await publish(ctx, { topic: first, artifact: messages })).toMatchObject({ count: 2 });
    expect((await readTopic(brokers, first)).map(({ key, value }) => [key, value?.toString()])).toEqual([
      ['a', '{"n":1}'],
      [null, undefined],
    ]);
    const records = await put(ctx, [{ id: 1, name: 'x' }, { id: 'two' }, { id: null }]);
    await publish(ctx, { topic: second, artifact: records, keyField: 'id' });
    expect((await readTopic(brokers, second)).map(({ key, value }) => [key, value?.toString()])).toEqual([
      ['1', '{"id":1,"name":"x"}'],
      ['two', '{"id":"two"}'],
      [null, '{"id":null}'],
    ]);
  });

  it('keeps every digit of a value and its key', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context();
    const lines = ['{"id":9007199254740993, "amount":12.340000000000000001}', '{"id":7}'];
    await publish(ctx, { topic, artifact: await put(ctx, lines), keyField: 'id' });
    expect((await readTopic(brokers, topic)).map(({ key, value }) => [key, value?.toString()])).toEqual([
      ['9007199254740993', lines[0]],
      ['7', lines[1]],
    ]);
    const message = await put(ctx, ['{"value":{"id":9007199254740993}}']);
    await expect(publish(ctx, { topic, artifact: message })).rejects.toThrow('record 1 of in.ndjson has the integer 9007199254740993');
  });

  it('names the record that is wrong', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context();
    const wrong = async (lines: unknown[], more: Partial<Payload> = {}) =>
      publish(ctx, { topic, artifact: await put(ctx, lines), ...more });
    await expect(wrong([{ value: 1 }, '{"value":'])).rejects.toMatchObject({
      code: 'KAFKA_MESSAGE_INVALID',
      message: expect.stringContaining('record 2 of in.ndjson is not JSON'),
    });
    await expect(wrong([{ id: 1 }, { name: 'x' }], { keyField: 'id' })).rejects.toThrow('record 2 of in.ndjson has no field "id"');
    await expect(wrong([{ value: 1, colour: 'red' }])).rejects.toThrow('message 0 has a field "colour"');
    await expect(wrong([{ value: 1 }], { records: 'messages', keyField: 'id' })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(publish(ctx, { topic })).rejects.toThrow('give either messages or an artifact');
  });
});

describe('a size', () => {
  it('is counted as the broker counts it, to the byte', async () => {
    const topic = await makeTopic(brokers, 1, { 'max.message.bytes': '1048588' });
    await using ctx = context({ idempotencyKey: 'k' });
    // What is around the value: the batch's 61 bytes, and the lengths and the header of the one record.
    const around = 61 + 3 + 1 + 1 + 1 + 1 + 3 + 1 + 1 + 'maestro-idempotency-key'.length + 1 + 'k/0'.length;
    const fits = 1_048_588 - around;
    const messages = (size: number) => [{ value: noise(size) }];
    expect(await publish(ctx, { topic, messages: messages(fits) })).toMatchObject({ count: 1 });
    await expect(publish(ctx, { topic, messages: messages(fits + 1) })).rejects.toMatchObject({
      code: 'KAFKA_MESSAGE_TOO_LARGE',
      retryable: false,
      details: { index: 0, bytes: 1_048_589, limit: 1_048_588 },
    });
    // And the broker agrees.
    await expect(publish(ctx, { topic, messages: messages(fits + 1), maxMessageBytes: 2_000_000 })).rejects.toMatchObject({
      code: 'KAFKA_MESSAGE_TOO_LARGE',
      message: expect.stringContaining(`topic "${topic}" at ${brokers[0]}, message 0`),
    });
    expect(await readTopic(brokers, topic)).toHaveLength(1);
  });

  it('that the topic does not take is split until it does, without doubling anything', async () => {
    const topic = await makeTopic(brokers, 3, { 'max.message.bytes': '20000' });
    await using ctx = context();
    const messages = numbered(300, 1_000);
    expect(await publish(ctx, { topic, messages })).toMatchObject({ count: 300 });
    const read = await readTopic(brokers, topic);
    expect(values(read).toSorted()).toEqual(messages.map(({ value }) => value).toSorted());
    await expect(publish(ctx, { topic, messages: [{ value: 'small' }, { value: noise(30_000) }] })).rejects.toMatchObject({
      code: 'KAFKA_MESSAGE_TOO_LARGE',
      message: expect.stringContaining('message 1'),
    });
  });
});

describe('a mistake', () => {
  it.each([
    [[], 'expected a list of at least one host:port'],
    [['localhost'], 'brokers[0]: expected host:port such as kafka.example.com:9092, found "localhost"'],
    [['a:9092', 'http://b:9092'], 'brokers[1]: expected host:port'],
    [['a:99999'], 'brokers[0]: expected host:port'],
    [['maestro:hunter2@kafka:9092'], 'found one with credentials, which go into sasl'],
  ])('in the brokers %j is terminal, and shows no password', async (list, message) => {
    await using ctx = context();
    const failing = publish(ctx, { topic: 'x', brokers: list, messages: [{ value: 1 }] });
    await expect(failing).rejects.toMatchObject({ code: 'INVALID_INPUT', retryable: false, message: expect.stringContaining(message) });
    await expect(failing).rejects.not.toThrow('hunter2');
    expect(ctx.pooled).toEqual([]);
  });

  it('in any message is found before the first is sent', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context();
    const endless: { self?: unknown } = {};
    endless.self = endless;
    const wrong: [Record<string, unknown>, string][] = [
      [{ key: 'a' }, 'has neither value nor valueBase64'],
      [{ value: 1, valueBase64: 'AA==' }, 'has both value and valueBase64'],
      [{ valueBase64: 'no base64!' }, 'valueBase64: expected base64'],
      [{ key: 7, value: 1 }, 'key: expected text, found 7'],
      [{ value: 1, headers: { h: 1 } }, 'headers: "h" is 1'],
      [{ value: 1, headers: [] }, 'headers: expected an object, found a list'],
      [{ value: 1, partition: -1 }, 'partition: expected a whole number from 0, found -1'],
      [{ value: 1, timestamp: 'yesterday' }, 'timestamp: expected milliseconds'],
      [{ value: 1, timestamp: '2026-02-31T00:00:00Z' }, 'timestamp: expected milliseconds'],
      [{ value: 1, timestamp: '2026-02-01T00:00:00' }, 'timestamp: expected milliseconds since 1970, or a date and time with its offset'],
      [{ value: 1, topic: 'other' }, 'has a field "topic"'],
      [JSON.parse('{"value":1,"__proto__":{"key":"a"}}'), 'has a field "__proto__"'],
      [{ value: 10n }, 'value: expected text or JSON, found a bigint'],
      [{ value: endless }, 'value: expected text or JSON, found an object'],
    ];
    for (const [message, text] of wrong) {
      await expect(
        publish(ctx, { topic, messages: [{ value: 'fine' }, message] as NonNullable<Payload['messages']> }),
      ).rejects.toMatchObject({
        code: 'KAFKA_MESSAGE_INVALID',
        retryable: false,
        message: expect.stringContaining(`message 1 ${text}`),
      });
    }
    const holed = Array(1) as NonNullable<Payload['messages']>;
    await expect(publish(ctx, { topic, messages: holed })).rejects.toThrow('message 0 expected');
    await expect(publish(ctx, { topic, messages: [null] as unknown as NonNullable<Payload['messages']> })).rejects.toThrow(
      'message 0 expected an object',
    );
    expect(ctx.pooled).toEqual([]);
    expect(await readTopic(brokers, topic)).toEqual([]);
  });

  it('that only the broker sees says what the topic takes', async () => {
    const compacted = await makeTopic(brokers, 1, { 'cleanup.policy': 'compact' });
    const topic = await makeTopic(brokers, 1, { 'message.timestamp.after.max.ms': '1000' });
    await using ctx = context();
    await expect(publish(ctx, { topic: compacted, messages: [{ key: 'a', value: 1 }, { value: 2 }] })).rejects.toMatchObject({
      code: 'KAFKA_RECORD_REFUSED',
      retryable: false,
      message: expect.stringContaining('a compacted topic takes no message without a key'),
    });
    await expect(publish(ctx, { topic, messages: [{ value: 1, timestamp: '2999-01-01T00:00:00Z' }] })).rejects.toMatchObject({
      code: 'KAFKA_RECORD_REFUSED',
      retryable: false,
      message: expect.stringContaining('message.timestamp.after.max.ms'),
    });
    await expect(publish(ctx, { topic: '..', messages: [{ value: 1 }] })).rejects.toMatchObject({ code: 'KAFKA_TOPIC_UNKNOWN' });
    const headers: Record<string, string | string[]> = { '': 'no name', ü: '☃', none: [] };
    await publish(ctx, { topic: compacted, messages: [{ key: '', value: '', headers }] });
    const [read] = await readTopic(brokers, compacted);
    expect(read).toMatchObject({ key: '', headers: { '': 'no name', ü: '☃' } });
    expect(read?.headers).not.toHaveProperty('none');
  });

  it('in the topic or the partition is told within seconds', async () => {
    const topic = await makeTopic(brokers, 2);
    await using ctx = context();
    const begin = performance.now();
    await expect(publish(ctx, { topic: 'no-such-topic', messages: [{ value: 1 }] })).rejects.toMatchObject({
      code: 'KAFKA_TOPIC_UNKNOWN',
      retryable: false,
      message: expect.stringContaining('topic "no-such-topic"'),
    });
    expect(performance.now() - begin).toBeLessThan(6_000);
    await expect(publish(ctx, { topic, messages: [{ value: 1 }, { value: 2, partition: 2 }] })).rejects.toMatchObject({
      code: 'KAFKA_PARTITION_UNKNOWN',
      message: expect.stringContaining('has no partition 2, which message 1 is for; it has 2'),
    });
    expect(await readTopic(brokers, topic)).toEqual([]);
    expect(await publish(ctx, { topic, messages: [{ value: 1 }] })).toMatchObject({ count: 1 });
  });
});

describe('a connection', () => {
  it('is one for a configuration, whatever is sent through it', async () => {
    const [one, other] = await Promise.all([makeTopic(brokers), makeTopic(brokers)]);
    await using ctx = context();
    await Promise.all([1, 2, 3].map((value) => publish(ctx, { topic: one, messages: [{ value }] })));
    await publish(ctx, { topic: other, messages: [{ value: 4 }], timeoutMs: 5_000, compression: 'gzip' });
    expect(ctx.pooled).toHaveLength(1);
    await publish(ctx, { topic: other, messages: [{ value: 5 }], clientId: 'another' });
    expect(ctx.pooled).toHaveLength(2);
    expect(values(await readTopic(brokers, one)).toSorted()).toEqual(['1', '2', '3']);
  });

  it.each(['plain', 'scram-sha-256', 'scram-sha-512'] as const)('logs in with %s, by secrets or as given', async (mechanism) => {
    const topic = await makeTopic(brokers);
    const { username, password } = sasl;
    const message = { brokers: sasl.brokers, topic, messages: [{ value: mechanism }] };
    await using ctx = context({ secrets: { KAFKA_USERNAME: username, KAFKA_PASSWORD: password } });
    expect(await publish(ctx, { ...message, sasl: { mechanism } })).toMatchObject({ count: 1 });
    expect(ctx.secretsAsked).toEqual(['KAFKA_USERNAME', 'KAFKA_PASSWORD']);
    expect(await publish(ctx, { ...message, sasl: { mechanism, username, password } })).toMatchObject({ count: 1 });
    expect(ctx.pooled).toHaveLength(1);
    const wrong = publish(ctx, { ...message, sasl: { mechanism, password: 'a-wrong-password' } });
    await expect(wrong).rejects.toMatchObject({ code: 'KAFKA_AUTH_FAILED', retryable: false });
    await expect(wrong).rejects.toSatisfy(
      (error: Error) => !`${error.message}${error.stack}${JSON.stringify(error)}`.includes('a-wrong-password'),
    );
    await using nobody = context();
    await expect(publish(nobody, { ...message, sasl: { mechanism } })).rejects.toMatchObject({ code: 'SECRET_MISSING' });
  });

  it('logs in with a bearer token', async () => {
    const topic = await makeTopic(brokers);
    const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url');
    const now = Math.floor(Date.now() / 1_000);
    const token = `${part({ alg: 'none' })}.${part({ sub: oauth.subject, iat: now, exp: now + 3_600 })}.`;
    await using ctx = context({ secrets: { KAFKA_TOKEN: token } });
    const message = { brokers: oauth.brokers, topic, messages: [{ value: 'token' }] };
    expect(await publish(ctx, { ...message, sasl: { mechanism: 'oauthbearer' } })).toMatchObject({ count: 1 });
    await expect(publish(ctx, { ...message, sasl: { mechanism: 'oauthbearer', token: 'no-token' } })).rejects.toMatchObject({
      code: 'KAFKA_AUTH_FAILED',
    });
  });

  it('may not write what it has no right to', async () => {
    const topic = await makeTopic(brokers, 1, {}, sasl.forbiddenPrefix);
    await using ctx = context();
    const message = { brokers: sasl.brokers, topic, messages: [{ value: 'denied' }] };
    await expect(publish(ctx, { ...message, sasl: { mechanism: 'scram-sha-512', ...sasl.limited } })).rejects.toMatchObject({
      code: 'KAFKA_NOT_AUTHORIZED',
      retryable: false,
    });
  });

  it('is encrypted, and shows a certificate of its own where that is asked for', async () => {
    const topic = await makeTopic(brokers);
    await using ctx = context();
    const { ca, cert, key } = mutualTls;
    const message = { topic, messages: [{ value: 'tls' }] };
    const encrypted = { ...message, brokers: tls.brokers };
    expect(await publish(ctx, { ...encrypted, ssl: { ca: tls.ca } })).toMatchObject({ count: 1 });
    expect(await publish(ctx, { ...message, brokers: mutualTls.brokers, ssl: { ca, cert, key } })).toMatchObject({ count: 1 });
    await expect(publish(ctx, { ...encrypted, ssl: { ca: 'no certificate' } })).rejects.toMatchObject({ code: 'TLS_INVALID' });
    const refused = { code: 'KAFKA_TLS_FAILED', retryable: false };
    await Promise.all([
      expect(publish(ctx, { ...encrypted, ssl: true })).rejects.toMatchObject(refused),
      expect(publish(ctx, { ...encrypted, ssl: { ca, serverName: 'other.example' } })).rejects.toMatchObject(refused),
      expect(publish(ctx, { ...message, brokers: mutualTls.brokers, ssl: { ca } })).rejects.toMatchObject(refused),
      // Who does not speak TLS is hung up on, and the other way round.
      expect(publish(ctx, encrypted)).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' }),
      expect(publish(ctx, { ...message, ssl: { ca } })).rejects.toMatchObject({ code: 'KAFKA_UNREACHABLE' }),
    ]);
  });
});
