import type { Readable } from 'node:stream';
import { GetObjectCommand, type GetObjectCommandInput, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { TaskError, TimeoutError } from '@summit/maestro-sdk';
import { abortableSleep } from '@summit/maestro-sdk/abort';
import type { S3Call } from './call.ts';
import { storedChecksum } from './checksum.ts';
import { objectName, s3Failure } from './failure.ts';
import { StallWatch } from './stall-watch.ts';

/** Connections that may break one after the other without a byte having come in between. */
const FRUITLESS = 3;
/** Content up to so many bytes is handed on in one piece. */
const AT_ONCE = 256 * 1024;
const FIRST_WAIT_MS = 100;

/** An object that has begun to arrive. */
export interface Download {
  /** What the store says about it. */
  head: GetObjectCommandOutput;
  /** Bytes that are to arrive: of the range, where one was asked for. */
  size: number;
  /** The content, checked: its end is only reached when all of it came and has the checksum that the store keeps. To be read once, or discarded. */
  content(): AsyncGenerator<Uint8Array, void, undefined>;
  /** Gives the connection back unread. */
  discard(): void;
}

/** Asks for an object. The request ends with the answer's headers; the content is read later. */
export async function beginDownload(call: S3Call, input: GetObjectCommandInput): Promise<Download> {
  const head = await get(call, input);
  const size = head.ContentLength;
  if (size === undefined) {
    bodyOf(head).destroy();
    throw TaskError.terminal('S3_PROTOCOL', `${objectName(call.target)}: the store does not say how large the object is`);
  }
  const reading: Reading = { body: bodyOf(head), givenUp: false };
  const content = () => contentOf(call, input, head, size, reading);
  return {
    head,
    size,
    content: size > AT_ONCE ? () => ahead(content(), reading) : content,
    discard: () => reading.body.destroy(),
  };
}

/** How content is being read. */
interface Reading {
  body: Body;
  /** Its reader has gone: what breaks from now on is not resumed. */
  givenUp: boolean;
}

function get(call: S3Call, input: GetObjectCommandInput): Promise<GetObjectCommandOutput> {
  return call.request((client, options) => client.send(new GetObjectCommand(input), options));
}

/** A broken connection is resumed where it broke, of the very same object: `If-Match` makes a store refuse another. */
async function* contentOf(
  call: S3Call,
  input: GetObjectCommandInput,
  head: GetObjectCommandOutput,
  size: number,
  reading: Reading,
): AsyncGenerator<Uint8Array, void, undefined> {
  const checksum = input.Range === undefined ? storedChecksum(head) : undefined;
  const start = firstByte(head);
  let received = 0;
  for (let fruitless = 0; ; reading.body = await resume(call, input, head, start + received, start + size - 1)) {
    const { body } = reading;
    const before = received;
    try {
      for await (const bytes of size - received > AT_ONCE ? watched(call, body) : gathered(call, body)) {
        received += bytes.length;
        if (received > size) throw mismatch(call, `the store sends more than the ${size} bytes it announced`);
        checksum?.running.update(bytes);
        yield bytes;
      }
      if (received === size) break;
      throw Object.assign(new Error(`${received} of ${size} bytes arrived`), { code: 'ECONNRESET' });
    } catch (error) {
      call.signal.throwIfAborted();
      if (reading.givenUp) throw error;
      const failure = s3Failure(error, call.target);
      fruitless = received > before ? 0 : fruitless + 1;
      if (!failure.retryable || failure.code === 'S3_CHECKSUM_MISMATCH' || fruitless >= FRUITLESS || head.ETag === undefined) throw failure;
      if (failure.code === 'S3_TIMEOUT' && fruitless > 0) throw failure;
      await abortableSleep(Math.random() * FIRST_WAIT_MS * 2 ** fruitless, call.signal);
    } finally {
      body.destroy();
    }
  }
  if (checksum === undefined) return;
  const found = await checksum.running.digest();
  if (found !== checksum.expected) {
    throw mismatch(call, `its ${checksum.algorithm} is ${found}, the store keeps ${checksum.expected}`);
  }
}

async function resume(call: S3Call, input: GetObjectCommandInput, head: GetObjectCommandOutput, from: number, to: number): Promise<Body> {
  const again = { ...input, IfNoneMatch: undefined, IfMatch: head.ETag, Range: `bytes=${from}-${to}` };
  try {
    const next = await get(call, { ...again, ...(head.VersionId === undefined ? {} : { VersionId: head.VersionId }) });
    if (firstByte(next) !== from) {
      bodyOf(next).destroy();
      throw TaskError.transient(
        'S3_CONNECTION_LOST',
        `${objectName(call.target)}: the connection ended in the middle, and the store does not go on from there: it answers a request for the bytes from ${from} with those from ${firstByte(next)}`,
      );
    }
    return bodyOf(next);
  } catch (error) {
    const failure = s3Failure(error, call.target);
    if (failure.code !== 'S3_PRECONDITION_FAILED') throw failure;
    throw TaskError.transient('S3_CHANGED', `${objectName(call.target)}: the object was replaced while it was read`, { cause: failure });
  }
}

async function* watched(call: S3Call, body: Body): AsyncGenerator<Uint8Array, void, undefined> {
  const watch = new StallWatch(call.timeoutMs, () => body.destroy(silence(call)));
  const cancel = () => body.destroy(call.signal.reason as Error);
  call.signal.addEventListener('abort', cancel, { once: true });
  try {
    call.signal.throwIfAborted();
    for await (const bytes of body as AsyncIterable<Uint8Array>) {
      watch.pause();
      yield bytes;
      watch.resume();
    }
  } finally {
    watch.end();
    call.signal.removeEventListener('abort', cancel);
  }
}

/** The next bytes arrive, and are checked, while their reader is busy with those before. */
async function* ahead(content: AsyncGenerator<Uint8Array, void, undefined>, reading: Reading): AsyncGenerator<Uint8Array, void, undefined> {
  let next = content.next();
  try {
    for (;;) {
      const { done, value } = await next;
      if (done) return;
      next = content.next();
      // Its failure is told when the reader comes for it; one that does not has a failure of its own.
      next.catch(() => {});
      yield value;
    }
  } finally {
    // What is on its way is not waited for.
    reading.givenUp = true;
    reading.body.destroy();
    await content.return();
  }
}

/** A body that is short in one piece, which costs a fraction of handing on its chunks; of one that breaks, what had come. */
async function* gathered(call: S3Call, body: Body): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks: Uint8Array[] = [];
  const watch = new StallWatch(call.timeoutMs, () => body.destroy(silence(call)));
  const cancel = () => body.destroy(call.signal.reason as Error);
  call.signal.addEventListener('abort', cancel, { once: true });
  let failure: unknown;
  try {
    call.signal.throwIfAborted();
    body.on('data', (chunk: Uint8Array) => {
      chunks.push(chunk);
      watch.resume();
    });
    await ended(body);
  } catch (error) {
    failure = error;
  } finally {
    watch.end();
    call.signal.removeEventListener('abort', cancel);
  }
  if (chunks.length > 0) yield chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks);
  if (failure !== undefined) throw failure;
}

/** Resolves when nothing more comes; whether all of it came is for the reader to count. A fraction of what `finished` of node:stream costs. */
function ended(body: Body): Promise<void> {
  return new Promise((resolve, reject) => {
    body.once('end', resolve).once('error', reject).once('close', resolve);
  });
}

function silence(call: S3Call): TimeoutError {
  return new TimeoutError(`${objectName(call.target)}: no content for ${call.timeoutMs} ms`, { code: 'S3_TIMEOUT' });
}

type Body = Readable;

function bodyOf(output: GetObjectCommandOutput): Body {
  return output.Body as unknown as Body;
}

/** Where in the object a response begins. */
function firstByte({ ContentRange }: GetObjectCommandOutput): number {
  const found = /^bytes (\d+)-/.exec(ContentRange ?? '');
  return found === null ? 0 : Number(found[1]);
}

function mismatch(call: S3Call, what: string): TaskError {
  return TaskError.transient('S3_CHECKSUM_MISMATCH', `${objectName(call.target)}: what arrived is not what is stored: ${what}`);
}
