import type { RunContext } from '@summit/maestro-sdk';
import type { Static } from '@summit/maestro-sdk/schema';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { kafka, kafkaBehindProxy } from '@summit/maestro-services';
import { describe, expect, it, vi } from 'vitest';
import { makeTopic, readTopic } from '../../test/support/kafka.ts';
import { kafkaPublish } from '../connectors/kafka.publish.ts';

type Payload = Static<typeof kafkaPublish.input>;

const { brokers: direct } = await kafka();
const context = () => createTestContext({ task: kafkaPublish });
const publish = async (ctx: RunContext, payload: Payload) => (await kafkaPublish.execute(ctx, { payload })).payload;
const texts = async (topic: string) => (await readTopic(direct, topic)).map(({ value }) => String(value));

/** A broker behind a proxy, a topic that is there, and a context. Afterwards no connection may be left. */
async function weather(partitions = 1) {
  const [{ brokers, proxy }, topic] = await Promise.all([kafkaBehindProxy(), makeTopic(direct, partitions)]);
  const ctx = context();
  return {
    brokers,
    proxy,
    topic,
    ctx,
    send: (values: unknown[], more: Partial<Payload> = {}, on: RunContext = ctx) =>
      publish(on, { brokers, topic, messages: values.map((value) => ({ value })), connectTimeoutMs: 1_500, timeoutMs: 15_000, ...more }),
    async [Symbol.asyncDispose]() {
      await ctx.dispose();
      // One that is silenced does not see who has hung up.
      await proxy.up();
      await vi.waitFor(() => expect(proxy.connections).toBe(0), 3_000);
      await proxy.close();
    },
  };
}

/** How long it takes, in milliseconds, and how it ends. */
async function timed(work: Promise<unknown>): Promise<{ ms: number; code?: string; error?: Error }> {
  const begin = performance.now();
  try {
    await work;
    return { ms: performance.now() - begin };
  } catch (error) {
    return { ms: performance.now() - begin, code: (error as { code?: string }).code ?? String(error), error: error as Error };
  }
}

describe.concurrent('a broker that', { timeout: 60_000 }, () => {
  it('is down at the start is an error at once, and a retry after it is back succeeds', async () => {
    await using given = await weather();
    await given.proxy.down();
    const failed = await timed(given.send(['early']));
    expect(failed).toMatchObject({ code: 'KAFKA_UNREACHABLE', error: { retryable: true } });
    expect(failed.ms).toBeLessThan(5_000);
    await given.proxy.up();
    expect(await given.send(['late'])).toMatchObject({ count: 1 });
    expect(await texts(given.topic)).toEqual(['late']);
  });

  it('goes away in the middle and is back after 5 seconds gets each message once', async () => {
    await using given = await weather(3);
    await given.send(['before']);
    await given.proxy.down();
    const sending = timed(given.send(['a', 'b', 'c', 'd']));
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    await given.proxy.up();
    const { ms, code } = await sending;
    expect(code).toBeUndefined();
    expect(ms).toBeLessThan(10_000);
    expect((await texts(given.topic)).toSorted()).toEqual(['a', 'b', 'before', 'c', 'd']);
  });

  it('goes away for good ends the call within its time', async () => {
    await using given = await weather();
    await given.send(['before']);
    await given.proxy.down();
    const { ms, code, error } = await timed(given.send(['never'], { timeoutMs: 2_000 }));
    expect(code).toBe('KAFKA_UNREACHABLE');
    expect(error?.message).toContain('still so after 2000 ms');
    expect(ms).toBeLessThan(3_000);
  });

  it('accepts connections and says nothing is told from one that refuses', async () => {
    await using given = await weather();
    given.proxy.silence();
    const { ms, code } = await timed(given.send(['unheard'], { connectTimeoutMs: 700 }));
    expect(code).toBe('KAFKA_CONNECT_TIMEOUT');
    expect(ms).toBeLessThan(2_000);
  });

  it('falls silent in the middle ends the call within its time; a retry reaches it by a new connection', async () => {
    await using given = await weather();
    await given.send(['before']);
    given.proxy.silence();
    const { ms, code } = await timed(given.send(['unheard'], { timeoutMs: 1_000 }));
    expect(code).toBe('KAFKA_TIMEOUT');
    expect(ms).toBeLessThan(2_000);
    await given.proxy.up();
    await vi.waitFor(() => expect(given.proxy.connections).toBe(0), 3_000);
    expect(await given.send(['again'])).toMatchObject({ count: 1 });
    expect(await texts(given.topic)).toContain('again');
  });

  it('has written what it could not confirm is not sent it twice, whoever else is sending', async () => {
    await using given = await weather();
    await given.send(['before']);
    given.proxy.loseReplies();
    const sending = Promise.all(['A', 'B', 'C', 'D'].map((value) => given.send([value])));
    await vi.waitFor(async () => expect(await texts(given.topic)).toContain('A'), 5_000);
    given.proxy.cut();
    await given.proxy.up();
    const outputs = await sending;
    expect(await texts(given.topic)).toEqual(['before', 'A', 'B', 'C', 'D']);
    expect(outputs.map(({ offsets }) => offsets[0]?.baseOffset)).toEqual(['1', '2', '3', '4']);
  });

  it('drops connections over and over gets every message once, in order', async () => {
    await using given = await weather();
    await given.send(['-1']);
    // Each connection bears a few requests.
    given.proxy.cutAfter(60_000);
    const messages = Array.from({ length: 400 }, (_, i) => `${i} ${'x'.repeat(500)}`);
    await given.send(messages, { maxMessageBytes: 20_000 });
    expect((await texts(given.topic)).map((text) => Number.parseInt(text, 10))).toEqual(Array.from({ length: 401 }, (_, i) => i - 1));
  });
});

describe.concurrent('a call that', { timeout: 60_000 }, () => {
  it('is cancelled in the middle ends at once and leaves no connection; others go on', async () => {
    await using given = await weather();
    await given.send(['before']);
    given.proxy.loseReplies();
    const controller = new AbortController();
    const { signal } = controller;
    const cancelled = timed(given.send(['cancelled'], {}, { ...given.ctx, signal }));
    const other = given.send(['other']);
    await vi.waitFor(async () => expect(await texts(given.topic)).toContain('cancelled'), 5_000);
    controller.abort(new Error('cancelled by a person'));
    const { ms, code } = await cancelled;
    expect(code).toBe('Error: cancelled by a person');
    expect(ms).toBeLessThan(5_000);
    await given.proxy.up();
    await other;
    expect(await texts(given.topic)).toEqual(['before', 'cancelled', 'other']);
    expect(given.proxy.connections).toBe(1);
  });

  it('is cancelled while it connects, or beforehand, leaves nothing', async () => {
    await using given = await weather();
    given.proxy.silence();
    const controller = new AbortController();
    const sending = timed(given.send(['never'], { connectTimeoutMs: 5_000 }, { ...given.ctx, signal: controller.signal }));
    await vi.waitFor(() => expect(given.proxy.connections).toBe(1));
    controller.abort(new Error('enough'));
    expect(await sending).toMatchObject({ code: 'Error: enough' });
    expect(await timed(given.send(['never'], {}, { ...given.ctx, signal: AbortSignal.abort(new Error('before')) }))).toMatchObject({
      code: 'Error: before',
    });
  });

  it('fails after some messages were written says how many', async () => {
    await using given = await weather();
    await given.send(['before']);
    const messages = Array.from({ length: 400 }, (_, i) => `${i} ${'x'.repeat(1_000)}`);
    given.proxy.delay(10);
    const sent = given.send(messages, { maxMessageBytes: 10_240, timeoutMs: 2_000 });
    await vi.waitFor(async () => expect((await texts(given.topic)).length).toBeGreaterThan(1), 5_000);
    await given.proxy.down();
    const { code, error } = await timed(sent);
    expect(code).toBe('KAFKA_UNREACHABLE');
    expect((error as { details?: { acknowledged: number } }).details?.acknowledged).toBeGreaterThan(0);
  });

  it('is not idempotent is sent at least once', async () => {
    await using given = await weather();
    await given.send(['before'], { idempotent: false });
    given.proxy.loseReplies();
    const sending = given.send(['A', 'B'], { idempotent: false });
    await vi.waitFor(async () => expect(await texts(given.topic)).toContain('A'), 5_000);
    given.proxy.cut();
    await given.proxy.up();
    await sending;
    expect([...new Set(await texts(given.topic))]).toEqual(['before', 'A', 'B']);
  });
});
