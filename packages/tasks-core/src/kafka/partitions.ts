import { TaskError } from '@summit/maestro-sdk';
import kafkajs, { type ICustomPartitioner, type PartitionerArgs, type PartitionMetadata } from 'kafkajs';
import type { Outgoing } from './message.ts';
import { murmur2 } from './murmur2.ts';

/** The messages of one request belong to several brokers; nothing of it has been sent. */
export class SeveralLeaders extends Error {
  override name = 'SeveralLeaders';
  readonly retriable = false;
}

interface View {
  metadata: PartitionMetadata[];
  leaders: Map<number, number>;
}

/**
 * Which partition each message goes to, by the hash of its key that Kafka's own clients use (murmur2), in turn where it has no key.
 *
 * kafkajs chooses again for every retry, by which messages without a key get lost or doubled when one of several brokers has failed;
 * it passes over messages for a partition that does not exist; and it does not tell which broker has taken what when another fails.
 * So a partition once chosen stays, one that does not exist is an error, and a request goes to one broker only.
 */
export class Partitions {
  readonly #views = new Map<string, View>();
  readonly #inTurn = kafkajs.Partitioners.DefaultPartitioner();

  readonly partitioner: ICustomPartitioner = () => (args) => this.#assign(args);

  /** `messages` by the broker that led their partitions when last seen; as one where that is not known. Order is kept. */
  byLeader(topic: string, messages: Outgoing[]): Outgoing[][] {
    const view = this.#views.get(topic);
    if (view === undefined || new Set(view.leaders.values()).size < 2) return [messages];
    for (const message of messages) message.partition ??= this.#choose(topic, view.metadata, message);
    return [...Map.groupBy(messages, ({ partition }) => view.leaders.get(partition as number)).values()];
  }

  #choose(topic: string, partitionMetadata: PartitionMetadata[], message: Outgoing): number {
    if (message.key !== null) return hashed(message.key) % partitionMetadata.length;
    return this.#inTurn({ topic, partitionMetadata, message: message as never });
  }

  #assign(args: PartitionerArgs): number {
    const { topic, partitionMetadata } = args;
    const message = args.message as unknown as Outgoing;
    const { leaders } = this.#view(topic, partitionMetadata);
    message.partition ??= this.#choose(topic, partitionMetadata, message);
    const leader = leaders.get(message.partition);
    if (leader === undefined) {
      throw TaskError.terminal(
        'KAFKA_PARTITION_UNKNOWN',
        `topic "${topic}" has no partition ${message.partition}, which message ${message.index} is for; it has ${partitionMetadata.length}, numbered from 0`,
      );
    }
    const lead = message.lead?.partition;
    if (lead !== undefined && leaders.get(lead) !== leader) {
      throw new SeveralLeaders(`messages of one request belong to brokers ${leaders.get(lead)} and ${leader}`);
    }
    return message.partition;
  }

  #view(topic: string, metadata: PartitionMetadata[]): View {
    const known = this.#views.get(topic);
    // kafkajs hands out the same list until it learns something new.
    if (known?.metadata === metadata) return known;
    const view = { metadata, leaders: new Map(metadata.map(({ partitionId, leader }) => [partitionId, leader])) };
    this.#views.set(topic, view);
    return view;
  }
}

function hashed(key: Buffer | string): number {
  return murmur2(typeof key === 'string' ? Buffer.from(key, 'utf8') : key) & 0x7fffffff;
}
