import { whole } from './blocks.ts';

/** Content of known size. */
export interface Content {
  /** Bytes. */
  size: number;
  /** Reads the content, once. */
  read(): AsyncIterable<Uint8Array>;
}

/** Content up to this size is read before its turn: opening a file takes longer than reading that much. */
const SMALL = 64 * 1024;
/** How many sources ahead. */
const WINDOW = 16;

/** The content of each source, in order; that of small ones has been read while others had their turn. */
export async function* readAhead<S extends Content>(
  sources: Iterable<S>,
): AsyncGenerator<{ source: S; content: AsyncIterable<Uint8Array> }> {
  const window: { source: S; loaded: Promise<Buffer> | undefined }[] = [];
  const give = async ({ source, loaded }: { source: S; loaded: Promise<Buffer> | undefined }) => ({
    source,
    content: loaded ? whole(await loaded) : source.read(),
  });
  for (const source of sources) {
    const loaded = source.size <= SMALL ? load(source) : undefined;
    // It is awaited in its turn, or not at all when an earlier one fails.
    loaded?.catch(() => {});
    window.push({ source, loaded });
    const first = window.length > WINDOW ? window.shift() : undefined;
    if (first) yield await give(first);
  }
  for (const rest of window) yield await give(rest);
}

async function load(source: Content): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  // A chunk is only valid until the next one is asked for.
  for await (const chunk of source.read()) chunks.push(Buffer.from(chunk));
  return chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks);
}
