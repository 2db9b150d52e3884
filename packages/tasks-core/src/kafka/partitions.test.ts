import type { PartitionMetadata } from 'kafkajs';
import { expect, it } from 'vitest';
import { type Outgoing, outgoing } from './message.ts';
import { Partitions, SeveralLeaders } from './partitions.ts';

/** A topic whose partition `i` is led by `leaders[i]`. */
const topic = (...leaders: number[]): PartitionMetadata[] =>
  leaders.map((leader, partitionId) => ({ partitionId, leader, partitionErrorCode: 0, replicas: [1, 2], isr: [1, 2] }));
const messages = (...keys: (string | null)[]): Outgoing[] => keys.map((key, index) => outgoing({ key, value: 'v' }, index, undefined));
/** Asks for the partition of each, as kafkajs does for one request. */
function ask(partitions: Partitions, metadata: PartitionMetadata[], request: Outgoing[]): number[] {
  const choose = partitions.partitioner();
  for (const message of request) message.lead = request[0] as Outgoing;
  return request.map((message) => choose({ topic: 't', partitionMetadata: metadata, message: message as never }));
}

it('a partition once chosen stays, whoever leads it', () => {
  const partitions = new Partitions();
  const request = messages(null, null, 'a', 'b', null);
  const chosen = ask(partitions, topic(1, 1, 1), request);
  expect(new Set(chosen).size).toBeGreaterThan(1);
  expect(ask(partitions, topic(2, 2, 2), request)).toEqual(chosen);
  expect(ask(partitions, topic(1, 1, 1, 1, 1, 1, 1), request)).toEqual(chosen);
});

it('a request for several brokers is refused, and then divided by them, in order', () => {
  const partitions = new Partitions();
  const metadata = topic(1, 2, 1, 2);
  const request = messages(null, null, 'a', 'b', 'c', null);
  expect(partitions.byLeader('t', request)).toEqual([request]);
  expect(() => ask(partitions, metadata, request)).toThrow(SeveralLeaders);
  const groups = partitions.byLeader('t', request);
  expect(groups).toHaveLength(2);
  for (const group of groups) {
    expect(group.map(({ index }) => index)).toEqual(group.map(({ index }) => index).toSorted((a, b) => a - b));
    expect(new Set(ask(partitions, metadata, group).map((partition) => metadata[partition]?.leader)).size).toBe(1);
  }
  expect(groups.flat().length).toBe(request.length);
  // Another leader is seen when the broker says so.
  ask(partitions, topic(3, 3, 3, 3), [request[0] as Outgoing]);
  expect(partitions.byLeader('t', request)).toHaveLength(1);
});

it('a partition that does not exist is an error which names it', () => {
  const request = [outgoing({ value: 1, partition: 3 }, 0, undefined)];
  expect(() => ask(new Partitions(), topic(1, 1, 1), request)).toThrow('topic "t" has no partition 3, which message 0 is for; it has 3');
});
