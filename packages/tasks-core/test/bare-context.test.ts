import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { kafka, nats, postgres } from '@summit/maestro-services';
import { expect, it } from 'vitest';
import { makeTopic } from './support/kafka.ts';

/** A script that calls a task with an empty context several times, and has nothing else to do. */
const SCRIPT = `
const [name, payload] = process.argv.slice(1);
const task = (await import('@summit/maestro-tasks-core'))[name];
for (let i = 0; i < 3; i++) await task.execute({}, { payload: JSON.parse(payload) });
const { default: net } = await import('node:net');
console.log(process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length);
`;

it('a script that called a task with an empty context shared its connection, and comes to its end', async () => {
  const [{ url }, broker, database] = [await nats(), await kafka(), await postgres()];
  const topic = await makeTopic(broker.brokers);
  const calls = {
    natsPublish: { servers: url, subject: 'bare.exit', messages: ['a'] },
    kafkaPublish: { brokers: broker.brokers, topic, messages: [{ value: 'a' }] },
    dbQuery: { connection: database.url, sql: 'SELECT 1 AS one' },
  };
  for (const [name, payload] of Object.entries(calls)) {
    const args = ['--input-type=module', '--eval', SCRIPT, '--', name, JSON.stringify(payload)];
    const sockets = execFileSync(process.execPath, args, {
      cwd: join(import.meta.dirname, '..'),
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 20_000,
    });
    // Kafka's client keeps one to the broker it began with, and one to the leader.
    expect(Number(sockets), name).toBeLessThanOrEqual(2);
  }
});
