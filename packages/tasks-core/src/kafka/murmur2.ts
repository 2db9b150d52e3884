const SEED = 0x9747b28c;
const MIX = 0x5bd1e995;

/**
 * The hash by which Kafka's own clients choose a partition, a signed 32-bit number. kafkajs computes the same in 64-bit
 * numbers made of objects, which takes longer than all the rest of encoding a message.
 */
export function murmur2(data: Uint8Array): number {
  const { length } = data;
  let hash = SEED ^ length;
  const words = length & ~3;
  for (let at = 0; at < words; at += 4) {
    let word = (data[at] as number) | ((data[at + 1] as number) << 8) | ((data[at + 2] as number) << 16) | ((data[at + 3] as number) << 24);
    word = Math.imul(word, MIX);
    word ^= word >>> 24;
    hash = Math.imul(hash, MIX) ^ Math.imul(word, MIX);
  }
  const rest = length & 3;
  if (rest === 3) hash ^= (data[words + 2] as number) << 16;
  if (rest >= 2) hash ^= (data[words + 1] as number) << 8;
  if (rest >= 1) hash = Math.imul(hash ^ (data[words] as number), MIX);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, MIX);
  return hash ^ (hash >>> 15);
}
