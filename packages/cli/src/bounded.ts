/** The text of a stream, as UTF-8; `undefined` where it has more than `most` bytes, of which no more is read. */
export async function readBounded(stream: AsyncIterable<Uint8Array | string>, most: number): Promise<string | undefined> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let text = '';
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += chunk.length;
    if (bytes > most) return undefined;
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
