import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** The JSON body of a request, and its bytes. Whatever its size, no more than `limit` bytes are kept. */
export async function readJson(request: IncomingMessage, limit: number): Promise<{ value: unknown; bytes: number }> {
  const type = request.headers['content-type'];
  if (!/^application\/json(?:\s*;\s*charset="?utf-8"?)?$/i.test(type ?? '')) {
    throw new Refusal(415, 'content_type', `content-type: expected application/json, found ${type ?? 'none'}`);
  }
  const encoding = request.headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') throw new Refusal(415, 'content_encoding', `content-encoding: expected none, found ${encoding}`);
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes <= limit) chunks.push(chunk);
    else chunks.length = 0;
  }
  if (bytes > limit) throw new Refusal(413, 'body_too_large', `body: expected at most ${limit} bytes, found ${bytes}`);
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks));
    return { value: JSON.parse(text), bytes };
  } catch (error) {
    throw new Refusal(400, 'body_not_json', `body: expected JSON in UTF-8, found something else: ${(error as Error).message}`);
  }
}
