import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { kafka } from '@summit/maestro-services';
import { expect, it, vi } from 'vitest';
import { makeTopic, rawClient, readTopic } from './support/kafka.ts';

const script = join(import.meta.dirname, 'support/kafka-child.ts');
const { brokers } = await kafka();
const COUNT = 3_000;
const messages = Array.from({ length: COUNT }, (_, i) => ({ key: `key-${i % 5}`, value: `${i} ${'x'.repeat(300)}` }));

it('a process killed in the middle loses nothing: the next attempt writes all, and copies have the same header', async () => {
  const topic = await makeTopic(brokers, 3);
  // Small requests, so that there is a middle.
  const payload = JSON.stringify({ brokers, topic, messages, maxMessageBytes: 4_096 });
  const before = await killedInTheMiddle(publishing(payload), topic);
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(COUNT);
  const second = publishing(payload);
  expect(JSON.parse(await text(second.stdout as Readable))).toMatchObject({ count: COUNT });

  const read = await readTopic(brokers, topic);
  // What was on its way when the process died may still have arrived.
  expect(read.length).toBeGreaterThanOrEqual(before + COUNT);
  const byHeader = Map.groupBy(read, ({ headers }) => headers['maestro-idempotency-key']);
  expect([...byHeader.keys()].toSorted()).toEqual(messages.map((_, i) => `run-7/publish/${i}`).toSorted());
  // What a consumer keeps that drops what it has seen is each message once, in order per key.
  const kept = [...byHeader.values()].map((copies) => {
    expect(new Set(copies.map(({ value, key, partition }) => `${partition} ${key} ${value}`)).size).toBe(1);
    return Number.parseInt(String(copies[0]?.value), 10);
  });
  for (let key = 0; key < 5; key++) {
    const own = kept.filter((number) => number % 5 === key);
    expect(own).toEqual(Array.from({ length: COUNT / 5 }, (_, i) => 5 * i + key));
  }
});

it('nothing but the result is printed: no warning of the client', async () => {
  const topic = await makeTopic(brokers);
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, 'run-8/publish']);
  child.stdin.end(JSON.stringify({ brokers, topic, messages: messages.slice(0, 10) }));
  const [output, warnings] = await Promise.all([text(child.stdout), text(child.stderr)]);
  expect(JSON.parse(output)).toMatchObject({ count: 10 });
  expect(warnings).toBe('');
});

/** Publishes in a process of its own. */
function publishing(payload: string): ChildProcess {
  const child = spawn(process.execPath, [script, 'run-7/publish'], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin?.end(payload);
  return child;
}

/** Kills the process when the topic has some messages; resolves to how many it has then. */
async function killedInTheMiddle(child: ChildProcess, topic: string): Promise<number> {
  const admin = rawClient(brokers).admin();
  await admin.connect();
  const written = async () => (await admin.fetchTopicOffsets(topic)).reduce((sum, { high }) => sum + Number(high), 0);
  try {
    const ended = once(child, 'exit');
    await vi.waitFor(async () => expect(await written()).toBeGreaterThan(0), { timeout: 30_000, interval: 1 });
    child.kill('SIGKILL');
    expect(await ended).toEqual([null, 'SIGKILL']);
    return await written();
  } finally {
    await admin.disconnect();
  }
}

it('a codec whose package is not installed is an error which names the package', async () => {
  const absent = `
    import { registerHooks } from 'node:module';
    registerHooks({ resolve: (name, context, next) => {
      if (name === 'snappy' || name === 'lz4-napi') throw Object.assign(new Error('not installed'), { code: 'ERR_MODULE_NOT_FOUND' });
      return next(name, context);
    } });
    const { default: publish } = await import('@summit/maestro-tasks-core/connectors/kafka.publish');
    for (const compression of ['snappy', 'lz4']) {
      const payload = { brokers: ['127.0.0.1:1'], topic: 't', messages: [{ value: 1 }], compression };
      await publish.execute({}, { payload }).catch((error) => console.log(error.code, error.retryable, error.message));
    }`;
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', absent], { cwd: import.meta.dirname });
  expect(stdout).toMatch(/KAFKA_CODEC_MISSING false compression: snappy needs the package "snappy"/);
  expect(stdout).toMatch(/KAFKA_CODEC_MISSING false compression: lz4 needs the package "lz4-napi"/);
});
