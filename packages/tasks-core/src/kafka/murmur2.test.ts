import fc from 'fast-check';
import kafkajs, { type Message, type PartitionMetadata } from 'kafkajs';
import { expect, it } from 'vitest';
import { murmur2 } from './murmur2.ts';

const partitions = (count: number): PartitionMetadata[] =>
  Array.from({ length: count }, (_, partitionId) => ({ partitionId, leader: 1, partitionErrorCode: 0, replicas: [1], isr: [1] }));

it('is what the Java client computes', () => {
  // From UtilsTest.testMurmur2 of Apache Kafka.
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [text, hash] of known) expect(murmur2(Buffer.from(text))).toBe(hash);
});

it('chooses the partition that kafkajs chooses', () => {
  const choose = kafkajs.Partitioners.DefaultPartitioner();
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), fc.integer({ min: 1, max: 300 }), (bytes, count) => {
      const key = Buffer.from(bytes);
      const theirs = choose({ topic: 't', partitionMetadata: partitions(count), message: { key, value: null } satisfies Message });
      expect((murmur2(key) & 0x7fffffff) % count).toBe(theirs);
    }),
    { numRuns: 500 },
  );
});
