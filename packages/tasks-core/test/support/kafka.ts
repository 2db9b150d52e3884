import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import kafkajs, { type Admin, type Kafka, type KafkaMessage } from 'kafkajs';

/** A client of kafkajs alone, to look from outside. */
export function rawClient(brokers: string[]): Kafka {
  return new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING });
}

/** A topic of its own, there when this resolves. */
export async function makeTopic(brokers: string[], partitions = 1, config: Record<string, string> = {}, prefix = 'test-'): Promise<string> {
  const topic = `${prefix}${randomUUID()}`;
  const admin = rawClient(brokers).admin();
  await admin.connect();
  try {
    const configEntries = Object.entries(config).map(([name, value]) => ({ name, value }));
    await admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: 1, configEntries }],
      waitForLeaders: false,
    });
    await thereIs(admin, topic);
  } finally {
    await admin.disconnect();
  }
  return topic;
}

/** kafkajs's own wait for the leaders gives up when a busy broker does not know the topic yet. */
async function thereIs(admin: Admin, topic: string): Promise<void> {
  for (const end = performance.now() + 15_000; ; await delay(20)) {
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
      if (topics[0]?.partitions.every(({ leader }) => leader >= 0)) return;
    } catch (error) {
      if ((error as { type?: string }).type !== 'UNKNOWN_TOPIC_OR_PARTITION' || performance.now() > end) throw error;
    }
  }
}

export interface Read {
  partition: number;
  offset: number;
  key: string | null;
  value: Buffer | null;
  timestamp: number;
  headers: Record<string, string | string[]>;
}

/** Everything in a topic, by partition and offset: up to what was there when this was called. */
export async function readTopic(brokers: string[], topic: string): Promise<Read[]> {
  const client = rawClient(brokers);
  const admin = client.admin();
  await admin.connect();
  const ends = await admin.fetchTopicOffsets(topic).finally(() => admin.disconnect());
  const left = new Map(ends.flatMap(({ partition, high, low }) => (Number(high) > Number(low) ? [[partition, Number(high)]] : [])));
  if (left.size === 0) return [];
  const consumer = client.consumer({ groupId: `reader-${randomUUID()}`, maxWaitTimeInMs: 50 });
  const messages: Read[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  await consumer.connect();
  try {
    await consumer.subscribe({ topic, fromBeginning: true });
    await consumer.run({
      async eachMessage({ partition, message }) {
        messages.push(read(partition, message));
        if (Number(message.offset) + 1 >= (left.get(partition) ?? 0)) left.delete(partition);
        if (left.size === 0) resolve();
      },
    });
    await all;
  } finally {
    await consumer.disconnect();
  }
  return messages.sort((a, b) => a.partition - b.partition || a.offset - b.offset);
}

function read(partition: number, { offset, key, value, timestamp, headers = {} }: KafkaMessage): Read {
  const texts = Object.entries(headers).map(([name, found]) => [name, Array.isArray(found) ? found.map(String) : String(found)]);
  return {
    partition,
    offset: Number(offset),
    key: key?.toString() ?? null,
    value,
    timestamp: Number(timestamp),
    headers: Object.fromEntries(texts) as Read['headers'],
  };
}
