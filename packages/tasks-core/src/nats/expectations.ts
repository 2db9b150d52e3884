import { InvalidInputError } from '@summit/maestro-sdk';
import { invalidMessage } from './failure.ts';
import type { Expect, Outgoing } from './message.ts';
import type { Header } from './wire.ts';

/** The headers that say what must hold for each message: what the call expects of the first, and each further one of the one before it. */
export class Expectations {
  readonly streamName: string | undefined;
  readonly #expect: Expect;
  #before: { count: number; id: string } | undefined;

  constructor(expect: Expect | undefined) {
    this.#expect = expect ?? {};
    this.streamName = expect?.streamName;
  }

  of(message: Outgoing, id: string): Header[] {
    const { lastMsgID, lastSequence, lastSubjectSequence } = this.#expect;
    const before = this.#before;
    this.#before = { count: (before?.count ?? 0) + 1, id };
    const calls = lastMsgID !== undefined || lastSequence !== undefined || lastSubjectSequence !== undefined;
    if (calls && message.expect !== undefined) {
      throw invalidMessage(`message ${message.index}`, 'has an expectation of its own beside that of the call', message.index);
    }
    if (lastSubjectSequence !== undefined && before !== undefined) {
      throw new InvalidInputError('expect.lastSubjectSequence is for a single message; give each message an expect of its own');
    }
    const own = message.expect ?? {
      ...(lastMsgID === undefined ? {} : { lastMsgID: before?.id ?? lastMsgID }),
      ...(lastSequence === undefined ? {} : { lastSequence: lastSequence + (before?.count ?? 0) }),
      ...(lastSubjectSequence === undefined ? {} : { lastSubjectSequence }),
    };
    const header = (name: string, value: string | number | undefined): Header[] => (value === undefined ? [] : [[name, String(value)]]);
    return [
      ...header('Nats-Expected-Stream', this.streamName),
      ...header('Nats-Expected-Last-Msg-Id', own.lastMsgID),
      ...header('Nats-Expected-Last-Sequence', own.lastSequence),
      ...header('Nats-Expected-Last-Subject-Sequence', own.lastSubjectSequence),
    ];
  }
}
