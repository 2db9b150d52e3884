import { type Static, Type } from '@summit/maestro-sdk/schema';
import { jsonText } from '../records/json-text.ts';
import { invalidMessage } from './failure.ts';
import { checkedSubject, LONGEST_SUBJECT, SUBJECT } from './subject.ts';

const HEADER = /^[!-9;-~]+$/;
/** Headers that have a field of their own. */
const RESERVED = new Map([
  ['nats-msg-id', 'id'],
  ['nats-expected-stream', 'expect.streamName'],
  ['nats-expected-last-sequence', 'expect.lastSequence'],
  ['nats-expected-last-subject-sequence', 'expect.lastSubjectSequence'],
  ['nats-expected-last-msg-id', 'expect.lastMsgID'],
]);

const sequence = (description: string) => Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description }));

/** What must hold when a message arrives. */
const lastFields = {
  lastMsgID: Type.Optional(Type.String({ minLength: 1, description: 'Id of the last message of the stream' })),
  lastSequence: sequence('Sequence of the last message of the stream'),
  lastSubjectSequence: sequence('Sequence of the last message of the subject; 0: there is none'),
};

export const Expect = Type.Object(
  {
    streamName: Type.Optional(Type.String({ minLength: 1, description: 'Name of the stream that takes the messages' })),
    ...lastFields,
  },
  {
    additionalProperties: false,
    description:
      'What must hold, or nothing is stored. lastSequence and lastMsgID are of the first message: each further one expects the one before it, so that the messages of a call are stored in one piece; lastSubjectSequence is for a single message',
  },
);
export type Expect = Static<typeof Expect>;

const Fields = Type.Object(
  {
    data: Type.Unknown({ description: 'A string is sent as its UTF-8 text, anything else as JSON, unless encoding says otherwise' }),
    encoding: Type.Optional(
      Type.Union([Type.Literal('text'), Type.Literal('json'), Type.Literal('base64')], {
        description: 'json: also a string is sent as JSON; base64: data is the base64 of the bytes to send',
      }),
    ),
    id: Type.Optional(
      Type.String({ minLength: 1, maxLength: 1_024, description: 'Nats-Msg-Id. Default with JetStream: idempotency key and index' }),
    ),
    headers: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Union([Type.String(), Type.Array(Type.String(), { description: 'Several values of one header' })], {
          description: 'Value, or values',
        }),
        { description: 'Headers of the message' },
      ),
    ),
    subject: Type.Optional(
      Type.String({ minLength: 1, maxLength: LONGEST_SUBJECT, pattern: SUBJECT, description: 'Subject, where it is not that of the call' }),
    ),
    expect: Type.Optional(
      Type.Object(lastFields, { additionalProperties: false, description: 'What must hold for this message; only with JetStream' }),
    ),
  },
  { additionalProperties: false, description: 'A message' },
);

export const Message = Type.Union([Type.String({ description: 'Text of a message' }), Fields], {
  description: 'Text, or a message with headers, id, subject of its own',
});
export type Message = Static<typeof Message>;

const FIELDS = new Set(Object.keys(Fields.properties));

/** A message as it goes out. */
export interface Outgoing {
  index: number;
  subject: string;
  /** A string is sent as UTF-8, into which the client turns it when it is its turn. */
  data: string | Uint8Array;
  id: string | undefined;
  headers: readonly (readonly [name: string, value: string])[];
  expect: { lastMsgID?: string; lastSequence?: number; lastSubjectSequence?: number } | undefined;
}

/**
 * Reads one message; `given` may come from an artifact, and be anything. Throws `NATS_MESSAGE_INVALID` and `NATS_SUBJECT_INVALID`;
 * `where` says whose message it is.
 */
export function outgoing(given: unknown, index: number, subject: string, where: string): Outgoing {
  if (typeof given === 'string') {
    return { index, subject, data: given, id: undefined, headers: [], expect: undefined };
  }
  const wrong = (problem: string) => invalidMessage(where, problem, index);
  if (typeof given !== 'object' || given === null || !Object.hasOwn(given, 'data')) {
    throw wrong(
      `expected a string, or an object with data, found ${given === null ? 'null' : Array.isArray(given) ? 'a list' : typeof given}`,
    );
  }
  for (const field in given) {
    if (!FIELDS.has(field)) throw wrong(`has a field ${JSON.stringify(field.slice(0, 80))}, which is none of ${[...FIELDS].join(', ')}`);
  }
  const { data, encoding, id, headers, subject: own, expect } = given as Static<typeof Fields>;
  if (encoding !== undefined && !['text', 'json', 'base64'].includes(encoding))
    throw wrong(`encoding must be text, json or base64, found ${JSON.stringify(encoding)?.slice(0, 80)}`);
  if (id !== undefined && (typeof id !== 'string' || !oneLine(id) || id === '')) throw wrong('id must be one line of text');
  return {
    index,
    subject: own === undefined ? subject : checkedSubject(own, where),
    data: bytesOf(data, encoding, wrong),
    id,
    headers: headers === undefined ? [] : headersOf(headers, wrong),
    expect: expect === undefined ? undefined : expectOf(expect, wrong),
  };
}

function expectOf(expect: unknown, wrong: (problem: string) => Error): Outgoing['expect'] {
  if (typeof expect !== 'object' || expect === null || Array.isArray(expect)) throw wrong('expect must be an object');
  for (const [field, value] of Object.entries(expect)) {
    if (!Object.hasOwn(lastFields, field)) throw wrong(`expect.${field.slice(0, 80)} is none of ${Object.keys(lastFields).join(', ')}`);
    const fits =
      field === 'lastMsgID'
        ? typeof value === 'string' && value !== '' && oneLine(value)
        : Number.isSafeInteger(value) && (value as number) >= 0;
    if (value !== undefined && !fits)
      throw wrong(`expect.${field} must be ${field === 'lastMsgID' ? 'one line of text' : 'a whole number from 0'}`);
  }
  return expect;
}

function bytesOf(data: unknown, encoding: string | undefined, wrong: (problem: string) => Error): string | Uint8Array {
  if (encoding === 'base64') {
    if (typeof data !== 'string' || !/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(data))
      throw wrong('data is not base64');
    return Buffer.from(data, 'base64');
  }
  if (encoding === 'text' && typeof data !== 'string') throw wrong(`data must be a string, as its encoding is text, found ${typeof data}`);
  if (typeof data === 'string' && encoding !== 'json') return data;
  const text = jsonText(data);
  if (text === undefined) throw wrong(data === undefined ? 'data is missing' : 'data is not JSON');
  return text;
}

function headersOf(headers: Record<string, unknown>, wrong: (problem: string) => Error): [string, string][] {
  if (typeof headers !== 'object' || headers === null || Array.isArray(headers)) throw wrong('headers must be an object');
  return Object.entries(headers).flatMap(([name, values]) => {
    if (!HEADER.test(name))
      throw wrong(`${JSON.stringify(name.slice(0, 80))} is not the name of a header: printable ASCII without white space and colon`);
    const field = RESERVED.get(name.toLowerCase());
    if (field !== undefined) throw wrong(`the header ${name} is given with the field ${field}`);
    return [values].flat().map((value): [string, string] => {
      if (typeof value !== 'string' || !oneLine(value)) throw wrong(`the header ${name} must be one line of text`);
      return [name, value];
    });
  });
}

function oneLine(text: string): boolean {
  return !/[\r\n\0]/.test(text);
}
