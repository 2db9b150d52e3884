import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { nats as natsServers } from '@summit/maestro-services';
import { connect, type JetStreamManager, type NatsConnection } from 'nats';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { growthExecutions, reportGrowth } from './support/heap.ts';

const support = join(import.meta.dirname, 'support');
const name = `process-${process.pid}`;

let url: string;
let nc: NatsConnection;
let jsm: JetStreamManager;

beforeAll(async () => {
  ({ url } = await natsServers());
  nc = await connect({ servers: url });
  jsm = await nc.jetstreamManager();
  await jsm.streams.add({ name, subjects: [`${name}.>`] });
});
afterAll(async () => {
  await jsm.streams.delete(name);
  await nc.close();
});

const stored = async () => (await jsm.streams.info(name)).state.messages;

/** What is in the stream, in order. */
async function texts(): Promise<string[]> {
  const consumer = await nc.jetstream().consumers.get(name);
  const found: string[] = [];
  const count = await stored();
  for await (const message of await consumer.fetch({ max_messages: count })) found.push(message.string());
  return found;
}

it('killed in the middle (kill -9) and repeated, a call has each message in the stream once, in order', async () => {
  const count = 6_000;
  const payload = JSON.stringify({ servers: url, subject: `${name}.crash`, jetstream: { maxInFlight: 100 } });
  const args = [join(support, 'nats-child.ts'), `${name}/step`, payload, String(count)];
  let interrupted = 0;
  for (const at of [1, 1_500, 3_500]) {
    const child = spawn(process.execPath, args, { stdio: 'inherit' });
    const gone = once(child, 'exit');
    while ((await stored()) < at && child.exitCode === null) await new Promise(setImmediate);
    child.kill('SIGKILL');
    const [code] = (await gone) as [number | null];
    if (code === null) interrupted++;
  }
  expect(interrupted).toBeGreaterThan(0);
  const before = await stored();
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const output = JSON.parse(stdout) as { duplicates: number; streams: unknown[] };
  expect(output).toMatchObject({ count, streams: [{ stream: name, count, firstSeq: 1, lastSeq: count }] });
  expect(output.duplicates).toBeGreaterThanOrEqual(before);
  expect(await texts()).toEqual(Array.from({ length: count }, (_, n) => `message ${n}`));
});

it('keeps nothing of an execution', async () => {
  // Code that is compiled as it warms up takes some 300 KB, however many executions there are.
  const times = growthExecutions(2_500);
  const args = ['--expose-gc', join(support, 'nats-growth-child.ts'), url, `${name}.growth`, String(times)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  const { early, late } = JSON.parse(stdout) as { early: number; late: number };
  expect(reportGrowth('nats', (times * 4) / 5, late - early)).toBeLessThan(600_000);
});
