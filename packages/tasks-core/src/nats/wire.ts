import { TaskError } from '@summit/maestro-sdk';
import type { NatsConnection } from 'nats';
import type { NatsConnectionImpl } from 'nats/lib/nats-base-client/internal_mod.js';
import type { Outgoing } from './message.ts';

export type Header = readonly [name: string, value: string];

/** Messages are handed to the client in pieces of this many bytes, which it sends at once. */
const PIECE_BYTES = 64 * 1024;

/**
 * Writes messages in the protocol's own words, many into one buffer. The client's own `publish` encodes the line and the data of each message
 * into buffers of their own and joins them again, which is most of what a message costs.
 */
export class Wire {
  readonly #nc: NatsConnectionImpl;
  #buffer = Buffer.alloc(0);
  #length = 0;

  constructor(nc: NatsConnection) {
    this.#nc = nc as NatsConnectionImpl;
  }

  /** Writes one message; it is sent with others, by `send` at the latest. */
  publish({ subject, data }: Outgoing, headers: readonly Header[], reply = ''): void {
    const size = Buffer.byteLength(data);
    const to = reply === '' ? subject : `${subject} ${reply}`;
    if (headers.length === 0) {
      this.#write(`PUB ${to} ${size}\r\n`, data, size);
      return;
    }
    const lines = headerLines(headers);
    const before = Buffer.byteLength(lines);
    this.#write(`HPUB ${to} ${before} ${before + size}\r\n${lines}`, data, size);
  }

  /** Hands what was written to the client. */
  send(): void {
    if (this.#length === 0) return;
    this.#nc.protocol.sendCommand(this.#buffer.subarray(0, this.#length));
    // The client keeps what it is given until it is sent.
    this.#buffer = Buffer.alloc(0);
    this.#length = 0;
  }

  #write(head: string, data: string | Uint8Array, size: number): void {
    const needed = Buffer.byteLength(head) + size + 2;
    if (this.#length + needed > this.#buffer.length) {
      this.send();
      this.#buffer = Buffer.allocUnsafeSlow(Math.max(PIECE_BYTES, needed));
    }
    this.#length += this.#buffer.write(head, this.#length);
    if (typeof data === 'string') this.#length += this.#buffer.write(data, this.#length);
    else {
      this.#buffer.set(data, this.#length);
      this.#length += size;
    }
    this.#length += this.#buffer.write('\r\n', this.#length, 'latin1');
  }
}

/** Throws `NATS_MESSAGE_TOO_LARGE` for a message above the server's limit, which would end the connection, and `NATS_UNSUPPORTED`. */
export function checkSendable({ info }: NatsConnection, message: Outgoing, headers: readonly Header[]): void {
  if (headers.length > 0 && info?.headers === false) {
    throw TaskError.terminal('NATS_UNSUPPORTED', 'NATS: the server knows no headers, which headers, id and jetstream need');
  }
  const limit = info?.max_payload ?? Number.POSITIVE_INFINITY;
  const { data } = message;
  const more = headers.length === 0 ? 0 : Buffer.byteLength(headerLines(headers));
  // No unit of a string takes more than three bytes: most need not be counted.
  if (data.length * 3 + more <= limit) return;
  const size = Buffer.byteLength(data) + more;
  if (size <= limit) return;
  throw tooLarge(message.index, message.subject, `${size} bytes with its headers, the server takes ${limit} (max_payload)`);
}

export function tooLarge(index: number, subject: string, problem: string, cause?: unknown): TaskError {
  return TaskError.terminal('NATS_MESSAGE_TOO_LARGE', `NATS: message ${index} for "${subject}" is too large: ${problem}`, {
    details: { index },
    ...(cause === undefined ? {} : { cause }),
  });
}

function headerLines(headers: readonly Header[]): string {
  let lines = 'NATS/1.0\r\n';
  for (const [name, value] of headers) lines += `${name}: ${value}\r\n`;
  return `${lines}\r\n`;
}
