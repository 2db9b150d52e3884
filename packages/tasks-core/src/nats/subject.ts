import { InvalidInputError } from '@summit/maestro-sdk';

/** A subject to publish to: tokens between dots, without white space, control characters and wildcards. */
export const SUBJECT = '^(?![*>](?:\\.|$))[^\\s\\x00-\\x20\\x7f.]+(?:\\.(?![*>](?:\\.|$))[^\\s\\x00-\\x20\\x7f.]+)*$';
/** A control line holds at most 4 KiB by a server's defaults, of which the reply subject and the sizes take a part. */
export const LONGEST_SUBJECT = 1_024;

const subject = new RegExp(SUBJECT, 'u');

/** `value`, if it can be published to. Throws `NATS_SUBJECT_INVALID`; `where` says whose subject it is. */
export function checkedSubject(value: unknown, where: string): string {
  const found = typeof value === 'string' ? JSON.stringify(value.slice(0, 100)) : typeof value;
  const wrong = (problem: string) => new InvalidInputError(`${where}: ${problem}, found ${found}`, { code: 'NATS_SUBJECT_INVALID' });
  if (typeof value !== 'string') throw wrong('expected a subject');
  if (value.length > LONGEST_SUBJECT) throw wrong(`a subject has at most ${LONGEST_SUBJECT} characters`);
  if (subject.test(value)) return value;
  if (value.split('.').some((token) => token === '*' || token === '>')) throw wrong('messages cannot be published to a wildcard');
  throw wrong('expected a subject such as orders.created: tokens between dots, without white space');
}
