import { InvalidInputError } from '@summit/maestro-sdk';
import { type Static, Type } from '@summit/maestro-sdk/schema';
import { epochOf } from '../input/rfc3339.ts';
import { jsonText } from '../records/json-text.ts';

/** Which header tells a message that was sent again from one that is new. */
export const DEDUPE_HEADER = 'maestro-idempotency-key';

const base64 = (what: string) => Type.Optional(Type.String({ contentEncoding: 'base64', description: what }));

export const Message = Type.Object(
  {
    key: Type.Optional(
      Type.Union([Type.String(), Type.Null()], { description: 'Messages of one key go to one partition and keep their order' }),
    ),
    keyBase64: base64('The key, where it is no text: its bytes as base64'),
    value: Type.Optional(
      Type.Unknown({ description: 'Text is sent as it is, any other JSON value as JSON; null deletes the key from a compacted topic' }),
    ),
    valueBase64: base64('The value, where it is no text: its bytes as base64'),
    headers: Type.Optional(
      Type.Record(Type.String(), Type.Union([Type.String(), Type.Array(Type.String())]), {
        description: 'Headers; a list sends the header several times',
      }),
    ),
    partition: Type.Optional(
      Type.Integer({ minimum: 0, description: 'Partition to send to, instead of the one that the key is hashed to' }),
    ),
    timestamp: Type.Optional(
      Type.Union([Type.Integer({ minimum: 0 }), Type.String({ format: 'date-time' })], {
        description: 'When it happened: milliseconds since 1970, or a date with its time. Default: when it is sent',
      }),
    ),
  },
  { additionalProperties: false },
);
export type Message = Static<typeof Message>;

/** A message as kafkajs takes it, with what sending it needs. */
export interface Outgoing {
  key: Buffer | string | null;
  value: Buffer | string | null;
  headers: Record<string, string | string[]>;
  timestamp?: string;
  /** Given, or chosen when it is first sent and kept from then on. */
  partition?: number;
  /** Its number in the call, from 0. */
  index: number;
  /** What it adds to a record batch, at most. */
  bytes: number;
  /** The size of a batch of this message alone. */
  alone: number;
  /** The first message of the request that it is part of. */
  lead?: Outgoing;
}

/** Bytes of a record batch besides its records, the length and offset of the log included: brokers count these too. */
export const BATCH_OVERHEAD = 61;

const FIELDS = new Set(Object.keys(Message.properties));

/** `message` number `index` as it is sent; `dedupeKey` is the call's, for the header; `trace` is added where the message has no such headers. Throws `KAFKA_MESSAGE_INVALID`. */
export function outgoing(message: unknown, index: number, dedupeKey: string | undefined, trace?: Record<string, string>): Outgoing {
  if (typeof message !== 'object' || message === null || Array.isArray(message)) {
    throw invalid(index, `expected an object with key and value, found ${describe(message)}`);
  }
  const given = message as Record<string, unknown>;
  for (const field in given) {
    if (!FIELDS.has(field)) throw invalid(index, `has a field "${field}", which is none of ${[...FIELDS].join(', ')}`);
  }
  const key = contentOf(index, given, 'key', (value) => (typeof value === 'string' ? value : undefined)) ?? null;
  const value = contentOf(index, given, 'value', (found) => (typeof found === 'string' ? found : jsonText(found)));
  if (value === undefined) throw invalid(index, 'has neither value nor valueBase64; a message that deletes its key has value: null');
  const made: Outgoing = { key, value, headers: { ...trace, ...headersOf(index, given.headers, dedupeKey) }, index, bytes: 0, alone: 0 };
  if (given.partition !== undefined) {
    if (!Number.isInteger(given.partition) || (given.partition as number) < 0)
      throw invalid(index, `partition: expected a whole number from 0, found ${describe(given.partition)}`);
    made.partition = given.partition as number;
  }
  if (given.timestamp !== undefined) made.timestamp = timestampOf(index, given.timestamp);
  measure(made);
  return made;
}

function contentOf(
  index: number,
  given: Record<string, unknown>,
  field: 'key' | 'value',
  text: (value: unknown) => string | undefined,
): Buffer | string | null | undefined {
  const [plain, encoded] = [given[field], given[`${field}Base64`]];
  if (plain !== undefined && encoded !== undefined) throw invalid(index, `has both ${field} and ${field}Base64; give one of them`);
  if (encoded !== undefined) {
    // Buffer.from passes over what is no base64.
    if (typeof encoded !== 'string' || !BASE64.test(encoded))
      throw invalid(index, `${field}Base64: expected base64, found ${describe(encoded)}`);
    return Buffer.from(encoded, 'base64');
  }
  if (plain === undefined || plain === null) return plain;
  const found = text(plain);
  if (found === undefined)
    throw invalid(index, `${field}: expected ${field === 'key' ? 'text' : 'text or JSON'}, found ${describe(plain)}`);
  return found;
}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/;

function headersOf(index: number, given: unknown, dedupeKey: string | undefined): Outgoing['headers'] {
  const own = dedupeKey === undefined ? undefined : `${dedupeKey}/${index}`;
  if (given === undefined) return own === undefined ? {} : { [DEDUPE_HEADER]: own };
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw invalid(index, `headers: expected an object, found ${describe(given)}`);
  for (const [name, value] of Object.entries(given)) {
    if (typeof value !== 'string' && !(Array.isArray(value) && value.every((each) => typeof each === 'string')))
      throw invalid(index, `headers: "${name}" is ${describe(value)}; expected text or a list of texts`);
  }
  return own === undefined ? { ...given } : { [DEDUPE_HEADER]: own, ...given };
}

function timestampOf(index: number, given: unknown): string {
  const at = typeof given === 'string' ? epochOf(given) : given;
  if (Number.isSafeInteger(at) && (at as number) >= 0) return String(at);
  throw invalid(
    index,
    `timestamp: expected milliseconds since 1970, or a date and time with its offset such as 2026-01-31T10:00:00Z, found ${describe(given)}`,
  );
}

/** Sizes by the record format (magic 2): a length, attributes, deltas of time and offset, then key, value and headers with theirs. */
function measure(message: Outgoing): void {
  let headers = 0;
  let count = 0;
  for (const name of Object.keys(message.headers)) {
    const value = message.headers[name] as string | string[];
    const before = sized(Buffer.byteLength(name));
    for (const each of typeof value === 'string' ? [value] : value) {
      count++;
      headers += before + sized(Buffer.byteLength(each));
    }
  }
  const content = 1 + sized(lengthOf(message.key)) + sized(lengthOf(message.value)) + varint(count) + headers;
  message.alone = BATCH_OVERHEAD + sized(content + 2);
  message.bytes = sized(content + (message.timestamp === undefined ? 3 : 12));
}

function lengthOf(content: Buffer | string | null): number | undefined {
  return content === null ? undefined : Buffer.byteLength(content);
}

/** A length and what it is the length of; -1 stands for nothing at all. */
function sized(length: number | undefined): number {
  return length === undefined ? varint(-1) : varint(length) + length;
}

/** Bytes of a number in the variable-length encoding: seven bits in each, after the sign has become the lowest bit. */
function varint(value: number): number {
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value;
  if (zigzag < 0x80) return 1;
  if (zigzag < 0x4000) return 2;
  if (zigzag < 0x20_0000) return 3;
  return zigzag < 0x1000_0000 ? 4 : 5;
}

function invalid(index: number, problem: string): InvalidInputError {
  return new InvalidInputError(`message ${index} ${problem}`, { code: 'KAFKA_MESSAGE_INVALID', details: { index } });
}

/** A kind, and for short scalars the value: what is sent may be long, and private. */
function describe(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'string') return value.length > 40 ? `a text of ${value.length} characters` : JSON.stringify(value);
  return Array.isArray(value) ? 'a list' : typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
