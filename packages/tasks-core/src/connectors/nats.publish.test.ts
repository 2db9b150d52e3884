import { once } from 'node:events';
import { createServer, connect as dial } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { RunContext, TaskError } from '@summit/maestro-sdk';
import { createTestContext, type TestContext, type TestContextOptions } from '@summit/maestro-sdk/testing';
import { certificates, type FaultProxy, faultProxy, nats as natsServers } from '@summit/maestro-services';
import fc from 'fast-check';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { natsPublish } from './nats.publish.ts';

type Input = Parameters<typeof natsPublish.execute>[1]['payload'];

let servers: Awaited<ReturnType<typeof natsServers>>;
let nc: NatsConnection;
let jsm: JetStreamManager;
const streams: string[] = [];
let made = 0;

beforeAll(async () => {
  servers = await natsServers();
  nc = await connect({ servers: servers.url });
  jsm = await nc.jetstreamManager();
});
afterAll(async () => {
  for (const stream of streams) await jsm.streams.delete(stream);
  await nc.close();
});

const unique = () => `t${process.pid}x${made++}`;
const ms = 1_000_000;

async function stream(over: object = {}) {
  const name = unique();
  await jsm.streams.add({ name, subjects: [`${name}.>`], ...over });
  streams.push(name);
  const stored = async () => {
    const { messages } = (await jsm.streams.info(name)).state;
    const texts: string[] = [];
    for (let seq = 1; seq <= messages; seq++) texts.push((await jsm.streams.getMessage(name, { seq })).string());
    return texts;
  };
  return { name, subject: `${name}.a`, stored, count: async () => (await jsm.streams.info(name)).state.messages };
}

/** Calls as a worker does, with what a run gives. */
async function publish(input: Partial<Input>, options: TestContextOptions = {}) {
  await using ctx = createTestContext({ task: natsPublish, idempotencyKey: unique(), ...options });
  return run(ctx, input);
}

const run = async (ctx: TestContext, input: Partial<Input>) =>
  (await natsPublish.execute(ctx, { payload: { servers: servers.url, subject: 'x', timeoutMs: 5_000, ...input } as Input })).payload;

const failing = async (input: Partial<Input>, options?: TestContextOptions): Promise<TaskError> => {
  try {
    await publish(input, options);
  } catch (error) {
    return error as TaskError;
  }
  throw new Error('it did not fail');
};

/** What arrives at a subscriber. */
async function listener(subject: string) {
  const subscription = nc.subscribe(subject);
  await nc.flush();
  const take = async (count: number) => {
    const messages = [];
    for await (const message of subscription) if (messages.push(message) === count) break;
    return messages;
  };
  return take;
}

async function proxied<T>(to: string, work: (proxy: FaultProxy, url: string) => Promise<T>): Promise<T> {
  const { hostname, port } = new URL(to);
  const proxy = await faultProxy(hostname, Number(port));
  try {
    return await work(proxy, `nats://127.0.0.1:${proxy.port}`);
  } finally {
    await proxy.close();
  }
}

describe('core', () => {
  it('delivers text, JSON and bytes, with headers, in order', async () => {
    const subject = unique();
    const take = await listener(`${subject}.>`);
    const messages = [
      'text',
      { data: { a: [1] } },
      { data: null },
      { data: 'quoted', encoding: 'json' as const },
      { data: 'AAH/', encoding: 'base64' as const, headers: { one: 'a', many: ['b', 'ü'] }, id: 'its own' },
      { data: '', subject: `${subject}.b` },
    ];
    expect(await publish({ subject: `${subject}.a`, messages })).toEqual({ count: 6 });
    const got = await take(6);
    expect(got.slice(0, 4).map((message) => message.string())).toEqual(['text', '{"a":[1]}', 'null', '"quoted"']);
    expect([...(got[4]?.data ?? [])]).toEqual([0, 1, 255]);
    expect([got[4]?.headers?.get('one'), got[4]?.headers?.values('many'), got[4]?.headers?.get('Nats-Msg-Id')]).toEqual([
      'a',
      ['b', 'ü'],
      'its own',
    ]);
    expect([got[5]?.subject, got[5]?.string()]).toEqual([`${subject}.b`, '']);
  });

  it('delivers any text, any bytes and any header as they are', async () => {
    const subject = unique();
    const text = fc.string({ unit: 'binary', maxLength: 300 });
    const bytes = fc
      .uint8Array({ maxLength: 300 })
      .map((data) => ({ data: Buffer.from(data).toString('base64'), encoding: 'base64' as const }));
    const value = fc.string({ unit: 'grapheme', maxLength: 20 }).map((found) => found.replaceAll(/[\r\n\0]/g, '').trim());
    const headed = fc.record({ data: text, headers: fc.record({ 'x-a': value, 'x-b': fc.array(value, { minLength: 1, maxLength: 3 }) }) });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(text, bytes, headed), { minLength: 1, maxLength: 40 }), async (messages) => {
        const take = await listener(subject);
        await publish({ subject, messages });
        const got = await take(messages.length);
        for (const [index, message] of messages.entries()) {
          const expected = typeof message === 'string' ? { data: message } : message;
          const data = 'encoding' in expected ? Buffer.from(expected.data, 'base64') : Buffer.from(expected.data);
          expect(Buffer.from(got[index]?.data ?? []).equals(data)).toBe(true);
          if (!('headers' in expected)) continue;
          expect(got[index]?.headers?.get('x-a')).toBe(expected.headers['x-a']);
          expect(got[index]?.headers?.values('x-b')).toEqual(expected.headers['x-b']);
        }
      }),
      { numRuns: 30 },
    );
  });

  it('streams an artifact: its records are messages, or the data of messages', async () => {
    const subject = unique();
    const take = await listener(subject);
    await using ctx = createTestContext({ task: natsPublish });
    const lines = Array.from({ length: 3_000 }, (_, n) => JSON.stringify({ n, text: 'x'.repeat(1_000) })).join('\n');
    const artifact = await ctx.artifacts.put(lines, { name: 'a.ndjson' });
    expect(await run(ctx, { subject, artifact, records: 'values' })).toEqual({ count: 3_000 });
    expect((await take(3_000)).map((message) => message.json<{ n: number }>().n)).toEqual([...Array(3_000).keys()]);
    const more = await listener(subject);
    const whole = await ctx.artifacts.put('"text"\n{"data":{"a":1},"id":"i"}\n', { name: 'b.ndjson' });
    expect(await run(ctx, { subject, artifact: whole })).toEqual({ count: 2 });
    expect((await more(2)).map((message) => message.string())).toEqual(['text', '{"a":1}']);
    const wide = '{"id":9007199254740993, "amount":1.10}';
    const exact = await listener(subject);
    expect(await run(ctx, { subject, artifact: await ctx.artifacts.put(wide, { name: 'c.ndjson' }), records: 'values' })).toEqual({
      count: 1,
    });
    expect((await exact(1)).map((message) => message.string())).toEqual([wide]);
    expect(ctx.pooled).toMatchObject([{ opened: 1, uses: 3 }]);
  });

  it('works called directly, with an empty context', async () => {
    const ctx = {} as RunContext;
    const before = { servers: servers.url, subject: unique(), messages: ['a'] };
    expect(await natsPublish.execute(ctx, { payload: before })).toEqual({ payload: { count: 1 } });
  });

  it('a user who may not publish there is told so, though the server says it late', async () => {
    const { limited, url } = servers.password;
    const error = await failing({ servers: url, auth: limited, subject: 'forbidden.a', messages: ['a'] });
    expect(error).toMatchObject({ code: 'NATS_PERMISSION', retryable: false, message: expect.stringContaining('"forbidden.a"') as string });
    expect(await publish({ servers: url, auth: limited, subject: 'allowed.a', messages: ['a'] })).toEqual({ count: 1 });
  });
});

describe('JetStream', () => {
  it('acknowledges every message, and stores nothing twice when the call is repeated', async () => {
    const { name, subject, stored } = await stream();
    const messages = ['a', { data: 'b', id: `${subject}-own` }, 'c'];
    const options = { idempotencyKey: unique() };
    const acks = (duplicate: boolean) => [1, 2, 3].map((seq) => ({ stream: name, seq, duplicate }));
    const summary = (duplicates: number) => [{ stream: name, count: 3, duplicates, firstSeq: 1, lastSeq: 3 }];
    expect(await publish({ subject, messages, jetstream: true }, options)).toEqual({
      count: 3,
      acks: acks(false),
      duplicates: 0,
      streams: summary(0),
    });
    expect(await publish({ subject, messages, jetstream: { stream: name } }, options)).toEqual({
      count: 3,
      acks: acks(true),
      duplicates: 3,
      streams: summary(3),
    });
    expect(await stored()).toEqual(['a', 'b', 'c']);
    const headers = (await jsm.streams.getMessage(name, { seq: 3 })).header;
    expect(headers.get('Nats-Msg-Id')).toBe(`${options.idempotencyKey}/2`);
  });

  it('after the duplicate window a retry stores again; with an expectation it never does', async () => {
    const { subject, stored } = await stream({ duplicate_window: 100 * ms });
    const options = { idempotencyKey: unique() };
    const messages = ['a', 'b'];
    const guarded = { subject, messages, jetstream: { expect: { lastSequence: 0 } } };
    await publish(guarded, options);
    // This server looks at the sequence before it looks at ids.
    expect(await failing(guarded, options)).toMatchObject({ code: 'NATS_EXPECT_FAILED', retryable: false, details: { errCode: 10071 } });
    expect(await stored()).toEqual(messages);
    // It forgets ids with a timer of its own.
    await expect.poll(() => publish({ subject, messages, jetstream: true }, options), { timeout: 5_000 }).toMatchObject({ duplicates: 0 });
    expect(await failing(guarded, options)).toMatchObject({ code: 'NATS_EXPECT_FAILED' });
    expect(await stored()).toEqual(['a', 'b', 'a', 'b']);
  });

  it('stores in one piece what expects the last sequence or the last id', async () => {
    const { name, subject, stored } = await stream();
    const jetstream = (expected: object) => ({ jetstream: { expect: expected } });
    await publish({ subject, messages: [{ data: 'a', id: 'id-a' }], ...jetstream({ lastSequence: 0, streamName: name }) });
    const byId = await publish({
      subject,
      messages: [
        { data: 'b', id: 'id-b' },
        { data: 'c', id: 'id-c' },
      ],
      ...jetstream({ lastMsgID: 'id-a' }),
    });
    expect(byId.acks?.map(({ seq }) => seq)).toEqual([2, 3]);
    await publish({ subject, messages: ['d', 'e', 'f'], ...jetstream({ lastSequence: 3 }) });
    await publish({ subject, messages: ['g'], ...jetstream({ lastSubjectSequence: 6 }) });
    await publish({ subject, messages: [{ data: 'h', subject: `${name}.b`, expect: { lastSubjectSequence: 0 } }], jetstream: true });
    for (const wrong of [{ lastSequence: 3 }, { lastMsgID: 'id-b' }, { lastSubjectSequence: 1 }, { streamName: 'other' }]) {
      const error = await failing({ subject, messages: ['x', ...('lastSubjectSequence' in wrong ? [] : ['y'])], ...jetstream(wrong) });
      expect(error).toMatchObject({ code: 'NATS_EXPECT_FAILED', retryable: false });
    }
    expect(await stored()).toEqual(['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']);
  });

  it('a call that expects the last id is completed by its retry', async () => {
    const { subject, stored } = await stream();
    await publish({ subject, messages: [{ data: 'a', id: 'id-a' }], jetstream: true });
    const options = { idempotencyKey: unique() };
    const jetstream = { expect: { lastMsgID: 'id-a' } };
    // As if the process had died after the first of three.
    await publish({ subject, messages: ['b'], jetstream }, options);
    for (const duplicates of [1, 3]) {
      expect(await publish({ subject, messages: ['b', 'c', 'd'], jetstream }, options)).toMatchObject({ count: 3, duplicates });
    }
    expect(await stored()).toEqual(['a', 'b', 'c', 'd']);
  });

  it('writes more acknowledgements than fit inline to an artifact', async () => {
    const { name, subject, count } = await stream();
    await using ctx = createTestContext({ task: natsPublish });
    const artifact = await ctx.artifacts.put(Array.from({ length: 2_500 }, (_, n) => `{"id":${n}}`).join('\n'), { name: 'a.ndjson' });
    const jetstream = { maxInFlight: 100 };
    const output = await run(ctx, { subject, artifact, idField: 'id', jetstream });
    expect(output).toMatchObject({ count: 2_500, duplicates: 0, streams: [{ stream: name, firstSeq: 1, lastSeq: 2_500 }] });
    expect(output.acks).toBeUndefined();
    const lines = (await ctx.readArtifact(output.acksArtifact as never)).toString().trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      Array.from({ length: 2_500 }, (_, n) => ({ stream: name, seq: n + 1, duplicate: false })),
    );
    expect(await run(ctx, { subject, artifact, idField: 'id', jetstream })).toMatchObject({ duplicates: 2_500 });
    expect(await count()).toBe(2_500);
  });

  it('says which stream is not there', async () => {
    const subject = unique();
    const error = await failing({ subject, messages: ['a', 'b'], jetstream: { stream: 'ORDERS' } });
    expect(error).toMatchObject({ code: 'NATS_STREAM_UNKNOWN', retryable: false });
    expect(error.message).toMatch(new RegExp(`no stream takes messages of subject "${subject}" \\(expected stream "ORDERS"\\).*503`));
  });

  it('what a stream has been configured not to take is terminal; what may be taken later is not', async () => {
    const plain = await stream();
    const rollup = { data: 'x', headers: { 'Nats-Rollup': 'all' } };
    expect(await failing({ subject: plain.subject, messages: [rollup], jetstream: true })).toMatchObject({
      code: 'NATS_STREAM_REFUSED',
      retryable: false,
      message: expect.stringContaining('rollup not permitted') as string,
    });
    const full = await stream({ max_msgs: 1, discard: 'new' });
    expect(await failing({ subject: full.subject, messages: ['1', '2'], jetstream: true })).toMatchObject({
      retryable: true,
      details: { index: 1, errCode: 10077 },
    });
    expect(await full.stored()).toEqual(['1']);
    const twice = await publish({ subject: plain.subject, jetstream: true, messages: [1, 2].map((data) => ({ data, id: 'same' })) });
    expect(twice).toMatchObject({ count: 2, duplicates: 1, acks: [{ seq: 1 }, { seq: 1, duplicate: true }] });
  });

  it('what a stream does not take is terminal, and says why', async () => {
    const full = await stream({ max_msgs: 1, discard: 'new' });
    const small = await stream({ max_msg_size: 200 });
    const twice = await failing({ subject: full.subject, messages: ['a', 'b'], jetstream: true });
    // The server counts a full stream as its own state (503): room may be made.
    expect(twice).toMatchObject({ code: 'NATS_STREAM_UNAVAILABLE', retryable: true, message: expect.stringContaining('maximum messages') });
    const large = await failing({ subject: small.subject, messages: ['a', 'x'.repeat(500)], jetstream: true });
    expect(large).toMatchObject({ code: 'NATS_MESSAGE_TOO_LARGE', retryable: false, details: { index: 1 } });
  });

  it('answers arrive where the user may listen', async () => {
    const { name, subject } = await stream();
    const inboxPrefix = `${name}-inbox`;
    const asked = nc.subscribe(`${inboxPrefix}.>`, { max: 1 });
    await nc.flush();
    expect(await publish({ subject, messages: ['a'], jetstream: true, inboxPrefix })).toMatchObject({ count: 1 });
    for await (const answer of asked) expect(answer.json()).toMatchObject({ stream: name, seq: 1 });
  });

  it('a service that answers is not taken for a stream', async () => {
    const subject = unique();
    const subscription = nc.subscribe(subject, { callback: (_, message) => void message.respond('hello') });
    await nc.flush();
    expect(await failing({ subject, messages: ['a'], jetstream: true })).toMatchObject({ code: 'NATS_STREAM_REFUSED' });
    subscription.unsubscribe();
  });

  it('a user who may not publish there is told so', async () => {
    const { limited, url } = servers.password;
    const error = await failing({ servers: url, auth: limited, subject: 'forbidden.b', messages: ['a', 'b'], jetstream: true });
    expect(error).toMatchObject({ code: 'NATS_PERMISSION', retryable: false });
  });
});

describe('bad input', () => {
  it.each<[string, Partial<Input>, string, RegExp]>([
    ['a wildcard', { subject: 'a.>' }, 'NATS_SUBJECT_INVALID', /wildcard, found "a.>"/],
    ['white space', { subject: 'a b' }, 'NATS_SUBJECT_INVALID', /without white space/],
    ['an empty token', { subject: 'a..b' }, 'NATS_SUBJECT_INVALID', /tokens between dots/],
    ['a subject that is too long', { subject: 'a'.repeat(1_025) }, 'NATS_SUBJECT_INVALID', /at most 1024/],
    ['a message’s wildcard', { messages: ['a', { data: 1, subject: 'b.*' }] }, 'NATS_SUBJECT_INVALID', /^message 1: .*wildcard/],
    ['no messages', { messages: undefined as never }, 'INVALID_INPUT', /found neither/],
    ['base64 that is none', { messages: [{ data: 'a', encoding: 'base64' }] }, 'NATS_MESSAGE_INVALID', /^message 0: data is not base64/],
    ['text that is none', { messages: [{ data: 1, encoding: 'text' }] }, 'NATS_MESSAGE_INVALID', /data must be a string/],
    ['a header of two lines', { messages: [{ data: 1, headers: { a: 'b\r\nc: d' } }] }, 'NATS_MESSAGE_INVALID', /one line/],
    ['a header’s name', { messages: [{ data: 1, headers: { 'a b': 'c' } }] }, 'NATS_MESSAGE_INVALID', /name of a header/],
    ['a header with a field', { messages: [{ data: 1, headers: { 'nats-msg-id': 'c' } }] }, 'NATS_MESSAGE_INVALID', /field id/],
    [
      'a message that is none',
      { messages: [1 as never] },
      'NATS_MESSAGE_INVALID',
      /expected a string, or an object with data, found number/,
    ],
    ['an unknown field', { messages: [{ data: 1, hedaers: {} } as never] }, 'NATS_MESSAGE_INVALID', /^message 0: has a field "hedaers"/],
    ['an unknown encoding', { messages: [{ data: 'a', encoding: 'hex' as never }] }, 'NATS_MESSAGE_INVALID', /encoding must be .*"hex"/],
    [
      'an odd expectation',
      { messages: [{ data: 'a', expect: { lastSequence: -1 } }] },
      'NATS_MESSAGE_INVALID',
      /lastSequence must be a whole/,
    ],
    [
      'an unknown expectation',
      { messages: [{ data: 'a', expect: { lastSeq: 1 } as never }] },
      'NATS_MESSAGE_INVALID',
      /lastSeq is none of/,
    ],
    ['data that is no JSON', { messages: [{ data: 10n }] }, 'NATS_MESSAGE_INVALID', /data is not JSON/],
    ['a hole in the list', { messages: Array(1) as never }, 'NATS_MESSAGE_INVALID', /^message 0: .*found undefined/],
    ['a port that is none', { servers: 'nats://127.0.0.1:99999' }, 'INVALID_INPUT', /^servers: expected host:port/],
    ['expect without JetStream', { messages: [{ data: 1, expect: { lastSequence: 1 } }] }, 'INVALID_INPUT', /needs jetstream/],
    ['two streams', { jetstream: { stream: 'a', expect: { streamName: 'b' } } }, 'INVALID_INPUT', /differ/],
    ['tls:// without TLS', { servers: 'tls://127.0.0.1', tls: false }, 'INVALID_INPUT', /contradicts/],
    [
      'an address with a password',
      { servers: 'nats://maestro:hunter2@127.0.0.1' },
      'INVALID_INPUT',
      /^servers: (?!.*hunter2).*go into auth/,
    ],
    ['an address of another kind', { servers: ['127.0.0.1', 'http://127.0.0.1'] }, 'INVALID_INPUT', /^servers\[1\]: expected host:port/],
    ['no address', { servers: [] }, 'INVALID_INPUT', /at least one/],
    [
      'a header’s name of two lines',
      { messages: [{ data: 1, headers: { 'a\n': 'c' } }] },
      'NATS_MESSAGE_INVALID',
      /^message 0: "a\\n" is not/,
    ],
    ['a seed that is none', { auth: { nkeySeed: 'SUnotaseed' } }, 'NATS_CREDENTIALS_INVALID', /begins with SU/],
    ['credentials that are none', { auth: { creds: 'nothing' } }, 'NATS_CREDENTIALS_INVALID', /\.creds file/],
  ])('%s is refused', async (_, input, code, message) => {
    expect(await failing({ messages: ['a'], ...input })).toMatchObject({
      code,
      retryable: false,
      message: expect.stringMatching(message) as string,
    });
  });

  it('a message above max_payload is named, and none is sent', async () => {
    const { subject, count } = await stream();
    const messages = ['a', 'x'.repeat(1024 * 1024)];
    const error = await failing({ subject, messages, jetstream: true });
    expect(error).toMatchObject({ code: 'NATS_MESSAGE_TOO_LARGE', retryable: false, details: { index: 1 } });
    expect(error.message).toMatch(/message 1 .*the server takes 1048576/);
    expect(await failing({ subject, messages: ['a', 'x'.repeat(1024 * 1024 + 1)] })).toMatchObject({ code: 'NATS_MESSAGE_TOO_LARGE' });
    expect(await publish({ subject: unique(), messages: messages })).toEqual({ count: 2 });
    expect(await count()).toBe(0);
  });

  it('a record that is no message is named', async () => {
    await using ctx = createTestContext({ task: natsPublish });
    const artifact = await ctx.artifacts.put('"a"\n{"dta":1}\n', { name: 'a.ndjson' });
    await expect(run(ctx, { subject: unique(), artifact })).rejects.toMatchObject({
      code: 'NATS_MESSAGE_INVALID',
      message: expect.stringMatching(/^record 2 of a.ndjson: expected a string/) as string,
    });
    const cut = await ctx.artifacts.put('"a"\n{"data":\n', { name: 'b.ndjson' });
    await expect(run(ctx, { subject: unique(), artifact: cut })).rejects.toMatchObject({ code: 'NATS_MESSAGE_INVALID' });
    await expect(run(ctx, { subject: unique(), artifact, idField: 'id' })).rejects.toThrow('record 1 of a.ndjson: has no field "id"');
  });
});

describe('logging in', () => {
  const messages = ['a'];
  it('with token, user and password, nkey and credentials, from secrets or values', async () => {
    const { token, password, jwt } = servers;
    const ways: [string, Input['auth'], Record<string, string>][] = [
      [token.url, 'token', { NATS_TOKEN: token.token }],
      [token.url, { token: token.token }, {}],
      [password.url, 'user', { NATS_USER: password.user, NATS_PASSWORD: password.password }],
      [password.url, { user: password.user, password: password.password }, {}],
      [password.url, 'nkey', { NATS_NKEY_SEED: password.nkey.seed }],
      [password.url, { nkeySeed: `${password.nkey.seed}\n` }, {}],
      [jwt.url, 'creds', { NATS_CREDS: jwt.creds }],
      [jwt.url, { creds: jwt.creds.replaceAll('\n', '\r\n') }, {}],
    ];
    for (const [url, auth, secrets] of ways) {
      expect(await publish({ servers: url, auth, subject: unique(), messages } as Input, { secrets })).toEqual({ count: 1 });
    }
  });

  it('that is refused is terminal, and shows no secret', async () => {
    const { token, password, jwt } = servers;
    const ways: [string, Input['auth']][] = [
      [token.url, undefined],
      [token.url, { token: 'canary-5d1f' }],
      [password.url, { user: 'maestro', password: 'canary-5d1f' }],
      [jwt.url, { token: 'canary-5d1f' }],
    ];
    for (const [url, auth] of ways) {
      const error = await failing({ servers: url, ...(auth && { auth }), subject: unique(), messages });
      expect(error).toMatchObject({ code: 'NATS_AUTH_FAILED', retryable: false });
      expect(JSON.stringify([error.message, error.details, String(error.cause)])).not.toContain('canary');
    }
  });

  it('without the secret it needs fails before anybody is asked', async () => {
    const error = await failing({ auth: 'token', servers: '127.0.0.1:1', subject: unique(), messages });
    expect(error).toMatchObject({ code: 'SECRET_MISSING', retryable: false });
  });
});

describe('TLS', () => {
  const messages = ['a'];
  const subject = 'tls.test';
  it('holds the certificate to who is connected to', async () => {
    const { tls, mutualTls } = servers;
    const { port } = new URL(tls.url);
    expect(await publish({ servers: tls.url, tls: { ca: tls.ca }, subject, messages })).toEqual({ count: 1 });
    expect(await publish({ servers: `tls://localhost:${port}`, tls: { ca: tls.ca }, subject, messages })).toEqual({ count: 1 });
    const { ca, cert, key } = mutualTls;
    expect(await publish({ servers: mutualTls.url, tls: { ca, cert, key }, subject, messages })).toEqual({ count: 1 });
  });

  it('that is not trusted, or asked for where there is none, is terminal', async () => {
    const { tls, mutualTls, url } = servers;
    const ways: [string, Input['tls']][] = [
      [tls.url, true],
      [tls.url, undefined],
      [tls.url, false],
      [tls.url, { ca: tls.ca, serverName: 'other.example' }],
      [mutualTls.url, { ca: mutualTls.ca }],
      [url, true],
    ];
    for (const [server, asked] of ways) {
      const error = await failing({ servers: server, ...(asked === undefined ? {} : { tls: asked }), subject, messages });
      expect([error.code, error.retryable, asked]).toEqual(['NATS_TLS', false, asked]);
    }
  });

  it('from the first byte', async () => {
    const { server, ca } = await certificates();
    const { port } = new URL(servers.url);
    // The plain server, behind an encryption that it does not know of.
    const front = createTlsServer(server, (socket) => {
      const back = dial(Number(port), '127.0.0.1').on('error', () => socket.destroy());
      back.once('data', (info) => {
        socket.write(info.toString('latin1').replace('INFO {', 'INFO {"tls_required":true,'));
        back.pipe(socket);
      });
      socket.on('error', () => back.destroy()).pipe(back);
    }).listen(0, '127.0.0.1');
    await once(front, 'listening');
    const input = { servers: `localhost:${(front.address() as { port: number }).port}`, tlsFirst: true, subject, messages };
    expect(await publish({ ...input, tls: { ca } })).toEqual({ count: 1 });
    expect(await failing(input)).toMatchObject({ code: 'NATS_TLS' });
    front.close();
  });
});

describe('bad weather', () => {
  const quick = { connectTimeoutMs: 300, timeoutMs: 1_000 };

  it('a server that is down is unreachable, and found again when it is back', async () => {
    const { subject, stored } = await stream();
    await proxied(servers.url, async (proxy, url) => {
      await proxy.down();
      await using ctx = createTestContext({ task: natsPublish });
      const input = { ...quick, servers: url, subject, messages: ['a', 'b'], jetstream: true };
      await expect(run(ctx, input)).rejects.toMatchObject({ code: 'NATS_UNREACHABLE', retryable: true });
      await proxy.up();
      expect(await run(ctx, input)).toMatchObject({ count: 2, duplicates: 0 });
      // Cut between two calls: one may still find out by itself, as the client does not know yet; nothing is doubled.
      proxy.cut();
      const again = () => run(ctx, input).catch((error: TaskError) => error.code);
      await expect.poll(again).toMatchObject({ count: 2, duplicates: 2 });
      await ctx.closeClients();
      await expect.poll(() => proxy.connections).toBe(0);
    });
    expect(await stored()).toEqual(['a', 'b']);
  });

  it('nobody there: all servers are named', async () => {
    const error = await failing({ ...quick, servers: ['127.0.0.1:1', 'no.such.host.invalid'], messages: ['a'] });
    expect(error).toMatchObject({
      code: 'NATS_UNREACHABLE',
      message: expect.stringMatching(/127\.0\.0\.1:1, no\.such\.host\.invalid/) as string,
    });
    expect(await publish({ servers: ['127.0.0.1:1', servers.url], subject: unique(), messages: ['a'] })).toEqual({ count: 1 });
  });

  it('a connection that is accepted and silent is given up, and closed', async () => {
    let open = 0;
    const silent = createServer((socket) => {
      open++;
      socket.on('close', () => open--).on('error', () => {});
      socket.resume();
    }).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as { port: number };
    const error = await failing({ ...quick, servers: `127.0.0.1:${port}`, messages: ['a'] });
    expect(error).toMatchObject({ code: 'NATS_UNREACHABLE', retryable: true });
    await expect.poll(() => open).toBe(0);
    // Another server of the cluster gets its turn.
    const many = { servers: [`127.0.0.1:${port}`, servers.url], subject: unique(), messages: ['a'], connectTimeoutMs: 600 };
    expect(await publish(many)).toEqual({ count: 1 });
    await expect.poll(() => open).toBe(0);
    silent.close();
  });

  it.each([true, false])(
    'a server that falls silent in the middle ends the call in time (jetstream: %s), and the retry doubles nothing',
    async (jetstream) => {
      const { subject, stored } = await stream();
      await proxied(servers.url, async (proxy, url) => {
        await using ctx = createTestContext({ task: natsPublish });
        const input = { ...quick, servers: url, subject, messages: ['a', 'b'], jetstream };
        await run(ctx, { ...input, subject: `${subject}.first`, messages: [], jetstream: false });
        proxy.loseReplies();
        await expect(run(ctx, input)).rejects.toMatchObject({ code: 'NATS_TIMEOUT', retryable: true });
        proxy.cut();
        await proxy.up();
        expect(await run(ctx, input)).toMatchObject({ count: 2, ...(jetstream ? { duplicates: 2 } : {}) });
      });
      expect(await stored()).toEqual(jetstream ? ['a', 'b'] : ['a', 'b', 'a', 'b']);
    },
  );

  it('a connection cut in the middle is told at once, and the retry stores the rest', async () => {
    const { subject, count } = await stream();
    await proxied(servers.url, async (proxy, url) => {
      await using ctx = createTestContext({ task: natsPublish });
      const messages = Array.from({ length: 2_000 }, (_, n) => `${n}-${'x'.repeat(200)}`);
      const input = { servers: url, subject, messages, jetstream: true, timeoutMs: 10_000 };
      proxy.cutAfter(200_000);
      await expect(run(ctx, input)).rejects.toMatchObject({ code: 'NATS_CONNECTION_LOST', retryable: true });
      proxy.cutAfter(Number.POSITIVE_INFINITY);
      // How much of it had arrived is between the network and the server; some may still be on its way into the stream.
      const before = await count();
      const output = await run(ctx, input);
      expect(output.count).toBe(2_000);
      expect(output.duplicates).toBeGreaterThanOrEqual(before);
      proxy.cutAfter(900_000);
      await expect(run(ctx, { ...input, jetstream: false, subject: unique() })).rejects.toMatchObject({ code: 'NATS_CONNECTION_LOST' });
    });
    expect(await count()).toBe(2_000);
  });

  it('a call that is cancelled ends at once, while others go on with the connection', async () => {
    const { subject, count } = await stream();
    await proxied(servers.url, async (proxy, url) => {
      const cancelled = new AbortController();
      await using ctx = createTestContext({ task: natsPublish });
      const input = { servers: url, subject, messages: ['a'], jetstream: true, connectTimeoutMs: 2_000 };
      await run(ctx, input);
      proxy.silence();
      const other = run(ctx, { ...input, messages: ['b'] });
      const work = natsPublish.execute({ ...ctx, signal: cancelled.signal } as RunContext, {
        payload: { ...input, messages: ['c', 'd', 'e'] } as Input,
      });
      cancelled.abort(new Error('cancelled'));
      await expect(work).rejects.toThrow('cancelled');
      await proxy.up();
      expect(await other).toMatchObject({ count: 1 });
    });
    expect(await count()).toBeGreaterThan(0);
  });

  it('a connection is not opened for a run that was cancelled before', async () => {
    await using ctx = createTestContext({ task: natsPublish });
    ctx.abort(new Error('cancelled'));
    await expect(run(ctx, { messages: ['a'] })).rejects.toThrow('cancelled');
    expect(ctx.pooled).toEqual([]);
  });
});
