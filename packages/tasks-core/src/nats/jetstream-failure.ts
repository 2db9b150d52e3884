import { TaskError, TransientError } from '@summit/maestro-sdk';
import type { Msg, NatsConnection } from 'nats';
import type { Outgoing } from './message.ts';
import { tooLarge } from './wire.ts';

/** How JetStream puts an error. */
export interface ApiError {
  code?: number;
  err_code?: number;
  description?: string;
}

/** Error numbers of the server that say that something was expected which is not so. */
const EXPECTATIONS = new Set([
  10060, // expected stream does not match
  10070, // wrong last msg ID
  10071, // wrong last sequence
  10164, // wrong last sequence, in a cluster
]);
const TOO_LARGE = new Set([
  10054, // message size exceeds maximum allowed
  10097, // header size exceeds maximum allowed of 64k
]);

/** Sorts what JetStream answers to a message that it does not store. */
export function refusal({ index, subject }: Outgoing, error: ApiError): TaskError {
  const { code = 500, err_code: number = 0, description = 'no reason given' } = error;
  if (TOO_LARGE.has(number)) return tooLarge(index, subject, description, error);
  const expected = EXPECTATIONS.has(number);
  const details = { index, code, errCode: number };
  const text = `NATS: JetStream did not store message ${index} for "${subject}": ${description} (${number})`;
  if (expected) return TaskError.terminal('NATS_EXPECT_FAILED', text, { details });
  // 503 and its like are about the server's state, 400 and its like about the message or the stream's limits.
  if (code >= 500 && !NEVER.has(number)) return new TransientError(text, { code: 'NATS_STREAM_UNAVAILABLE', details });
  return TaskError.terminal('NATS_STREAM_REFUSED', text, { details });
}

/** What the server answers with 500, though no later attempt can do better. */
const NEVER = new Set([
  10111, // rollup not permitted
]);

/** How long the question which stream takes a subject may take. */
const LOOKUP_MS = 2_000;

/** Nobody answered: finds out whether there is no such stream, or one that cannot answer at the moment. */
export async function nobodyAnswered(nc: NatsConnection, { index, subject }: Outgoing, expected: string | undefined): Promise<TaskError> {
  const details = { index };
  const unknown = (why: string) =>
    TaskError.terminal(
      'NATS_STREAM_UNKNOWN',
      `NATS: no stream takes messages of subject "${subject}"${expected === undefined ? '' : ` (expected stream "${expected}")`}: ${why}; create the stream, or add the subject to one`,
      { details },
    );
  const unavailable = (why: string, cause?: unknown) =>
    new TransientError(`NATS: no stream answered to subject "${subject}": ${why}`, {
      code: 'NATS_STREAM_UNAVAILABLE',
      details,
      ...(cause === undefined ? {} : { cause }),
    });
  let answer: Msg;
  try {
    answer = await nc.request('$JS.API.STREAM.NAMES', JSON.stringify({ subject }), { timeout: LOOKUP_MS });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === '503') return unknown('JetStream is not enabled for this account');
    if (code === 'PERMISSIONS_VIOLATION') return unknown('the server answered 503, and the user may not ask which streams there are');
    return unavailable('the server answered 503, and does not say which streams there are', error);
  }
  const { streams, error } = answer.json<{ streams?: string[] | null; error?: ApiError }>();
  if (error !== undefined) return unavailable(error.description ?? 'JetStream cannot say which streams there are', error);
  if (streams && streams.length > 0) return unavailable(`stream ${streams.join(', ')} takes it, but has no leader at the moment`);
  return unknown('the server answered 503');
}
