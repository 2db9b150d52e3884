import { TaskError } from '@summit/maestro-sdk';
import nats, { type MsgHdrs, type NatsConnection } from 'nats';
import type { Outgoing } from './message.ts';

/** Bytes of the lines around headers: `NATS/1.0`, and an empty one. */
const HEADER_FRAME = 'NATS/1.0\r\n\r\n'.length;
const HEADER_LINE = ': \r\n'.length;

export type Header = readonly [name: string, value: string];

/** Throws `NATS_MESSAGE_TOO_LARGE` for a message above the server's limit, which would end the connection. */
export function checkSize(nc: NatsConnection, message: Outgoing, headers: readonly Header[]): void {
  const limit = nc.info?.max_payload ?? Number.POSITIVE_INFINITY;
  const size = message.data.length + headerBytes(headers);
  if (size <= limit) return;
  throw tooLarge(message.index, message.subject, `${size} bytes with its headers, the server takes ${limit} (max_payload)`);
}

export function tooLarge(index: number, subject: string, problem: string, cause?: unknown): TaskError {
  return TaskError.terminal('NATS_MESSAGE_TOO_LARGE', `NATS: message ${index} for "${subject}" is too large: ${problem}`, {
    details: { index },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** Headers as the library wants them; undefined for none. */
export function headersOf(headers: readonly Header[]): MsgHdrs | undefined {
  if (headers.length === 0) return undefined;
  const made = nats.headers();
  for (const [name, value] of headers) made.append(name, value);
  return made;
}

function headerBytes(headers: readonly Header[]): number {
  if (headers.length === 0) return 0;
  return headers.reduce((sum, [name, value]) => sum + name.length + Buffer.byteLength(value) + HEADER_LINE, HEADER_FRAME);
}
