/** Size of the chunks that are written, in bytes: large enough that a chunk costs little beside its content. */
const CHUNK_BYTES = 64 * 1024;

/** Lists of records as NDJSON, in chunks of about 64 KiB; to be written to the artifact store as it comes. */
export async function* ndjsonBytes(batches: AsyncIterable<readonly unknown[]> | Iterable<readonly unknown[]>): AsyncGenerator<Uint8Array> {
  let lines: string[] = [];
  let length = 0;
  for await (const batch of batches) {
    for (const record of batch) {
      const line = `${JSON.stringify(record)}\n`;
      lines.push(line);
      length += line.length;
      if (length < CHUNK_BYTES) continue;
      yield Buffer.from(lines.join(''));
      lines = [];
      length = 0;
    }
  }
  if (length > 0) yield Buffer.from(lines.join(''));
}

/** Media type of NDJSON. */
export const NDJSON = 'application/x-ndjson';
