import { randomUUID } from 'node:crypto';
import { createTestContext } from '@summit/maestro-sdk/testing';
import { kafka } from '@summit/maestro-services';
import { kafkaPublish } from '@summit/maestro-tasks-core/connectors/kafka.publish';
import kafkajs, { type Producer } from 'kafkajs';
import { compareInterleaved, type Figure } from './figure.ts';

const BATCH = 1_000;
const VALUE = 'x'.repeat(200);
const messages = Array.from({ length: BATCH }, (_, i) => ({ key: `key-${i % 100}`, value: VALUE }));
const KEY = `run-${randomUUID()}/publish`;

/** `kafka.publish` as it is by default (idempotent, with its header) against a long-lived kafkajs producer that sends the same messages. */
export async function kafkaPublishSpeed(): Promise<Figure[]> {
  const { brokers } = await kafka();
  const client = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
  const topic = `bench-${randomUUID()}`;
  const admin = client.admin();
  await admin.connect();
  await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 1 }], waitForLeaders: true });
  const settings = { createPartitioner: kafkajs.Partitioners.DefaultPartitioner, allowAutoTopicCreation: false };
  const [plain, idempotent] = [client.producer(settings), client.producer({ ...settings, idempotent: true })];
  await Promise.all([plain.connect(), idempotent.connect()]);
  const ctx = createTestContext({ task: kafkaPublish, idempotencyKey: KEY });
  try {
    const task = (count: number) => async () => {
      await kafkaPublish.execute(ctx, { payload: { brokers, topic, messages: messages.slice(0, count) } });
    };
    const raw = (producer: Producer, count: number) => async () => {
      const same = messages.slice(0, count).map((message, i) => ({ ...message, headers: { 'maestro-idempotency-key': `${KEY}/${i}` } }));
      await producer.send({ topic, acks: -1, messages: same });
    };
    const figure = async (what: string, count: number, calls: number, must: number) => {
      const measured = await compareInterleaved({
        figure: `kafka.publish, ${what}`,
        unit: 'messages/s',
        ours: () => perSecond(task(count), calls, count),
        other: () => perSecond(raw(idempotent, count), calls, count),
        otherName: 'an idempotent kafkajs producer',
        must,
        better: 'higher',
        // Many short rounds: what else the machine does hits single ones.
        rounds: 31,
      });
      const beside = await perSecond(raw(plain, count), 5 * calls, count);
      return { ...measured, note: `a kafkajs producer that is not idempotent: ${Math.round(beside)} messages/s` };
    };
    return [
      await figure(`batches of ${BATCH} messages of ${VALUE.length} bytes`, BATCH, 6, 0.9),
      await figure('one message a call', 1, 100, 0.8),
    ];
  } finally {
    await ctx.dispose();
    await Promise.all([plain.disconnect(), idempotent.disconnect()]);
    await admin.deleteTopics({ topics: [topic] });
    await admin.disconnect();
  }
}

async function perSecond(call: () => Promise<void>, calls: number, messagesEach: number): Promise<number> {
  const begin = performance.now();
  for (let i = 0; i < calls; i++) await call();
  return ((calls * messagesEach) / (performance.now() - begin)) * 1_000;
}
