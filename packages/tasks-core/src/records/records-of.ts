import type { ArtifactRef, RunContext } from '@summit/maestro-sdk';
import { arrayBatches } from './json-array.ts';
import { ndjsonBatches } from './ndjson.ts';
import { BOM, isBlank, type SourceRecord } from './record.ts';

/**
 * Streams the records of an artifact in batches, in constant memory: the lines of NDJSON, or the elements of a JSON array.
 * Which of them it is, is said by the media type or the name where they say NDJSON, else by the first byte. Rejects with the signal's reason when that is aborted.
 */
export async function* recordBatches(
  ctx: Pick<RunContext, 'artifacts' | 'signal'>,
  ref: ArtifactRef,
  longest?: number,
): AsyncGenerator<SourceRecord[]> {
  const source = ctx.artifacts.open(ref, { signal: ctx.signal });
  for await (const batch of isNdjson(ref) ? ndjsonBatches(source, longest) : byFirstByte(source, longest)) {
    ctx.signal.throwIfAborted();
    yield batch;
  }
}

/** True where the media type or the name says NDJSON. */
export function isNdjson({ contentType, name }: Pick<ArtifactRef, 'contentType' | 'name'>): boolean {
  return /^application\/(?:x-ndjson|x-jsonlines|jsonl|ndjson)\s*(?:;|$)/i.test(contentType) || /\.(?:ndjson|jsonl)$/i.test(name);
}

async function* byFirstByte(source: AsyncIterable<Uint8Array>, longest?: number): AsyncGenerator<SourceRecord[]> {
  const iterator = source[Symbol.asyncIterator]();
  const begun: Uint8Array[] = [];
  let first: number | undefined;
  try {
    while (first === undefined) {
      const next = await iterator.next();
      if (next.done) break;
      begun.push(next.value);
      first = next.value.find((byte) => !isBlank(byte) && !BOM.includes(byte));
    }
    async function* all() {
      yield* begun;
      yield* { [Symbol.asyncIterator]: () => iterator };
    }
    yield* first === 0x5b ? arrayBatches(all(), longest) : ndjsonBatches(all(), longest);
  } finally {
    await iterator.return?.();
  }
}
