import { type ArtifactRef, InvalidInputError, type RunContext, sha256Hex } from '@summit/maestro-sdk';
import { inexactProblem } from '../records/record.ts';
import { recordBatches } from '../records/records-of.ts';
import { invalidMessage } from './failure.ts';
import { type Message, type Outgoing, outgoing } from './message.ts';

/** Where the messages of a call are. */
export interface Source {
  subject: string;
  messages?: Message[];
  artifact?: ArtifactRef;
  records?: 'messages' | 'values';
  idField?: string;
}

/** The messages of the payload, all of them checked before the first is handed out. */
export function inlineMessages(messages: readonly Message[], subject: string): Outgoing[] {
  // Not map, which passes over what is missing in a list.
  return Array.from(messages, (message, index) => outgoing(message, index, subject, `message ${index}`));
}

/** The messages of an artifact in batches, read as they are asked for. Throws `NATS_MESSAGE_INVALID` naming the record. */
export async function* artifactMessages(
  ctx: Pick<RunContext, 'artifacts' | 'signal'>,
  artifact: ArtifactRef,
  { subject, records, idField }: Source,
): AsyncGenerator<Outgoing[]> {
  const values = records === 'values' || (records === undefined && idField !== undefined);
  if (!values && idField !== undefined) throw new InvalidInputError('idField needs records: values; a message has its own id');
  for await (const batch of recordBatches(ctx, artifact)) {
    yield batch.map((record) => {
      const where = `record ${record.number} of ${artifact.name}`;
      const index = record.number - 1;
      if ('problem' in record) throw invalidMessage(where, record.problem, index);
      const { inexact } = record;
      // As data it goes out as it is written.
      if (inexact !== undefined && !values) throw invalidMessage(where, inexactProblem(inexact), index);
      if (!values) return outgoing(record.value, index, subject, where);
      const id = idField === undefined ? undefined : idOf(inexact?.exact ?? record.value, idField, where, index);
      return outgoing({ data: inexact?.text ?? record.value, ...(id === undefined ? {} : { id }) }, index, subject, where);
    });
  }
}

function idOf(value: unknown, field: string, where: string, index: number): string {
  const found =
    typeof value === 'object' && value !== null && Object.hasOwn(value, field) ? (value as Record<string, unknown>)[field] : undefined;
  if (typeof found === 'string' && found !== '') return found;
  if (typeof found === 'number') return String(found);
  throw invalidMessage(where, `has no field "${field}" with a string or a number to take the id from`, index);
}

/** The id of a message that has none of its own: the same for every attempt. */
export function idFor(idempotencyKey: string): (index: number) => string {
  // Header values are one line of ASCII; a key that is not is told by its digest.
  const base = /^[\x21-\x7e]{1,256}$/.test(idempotencyKey) ? idempotencyKey : sha256Hex(idempotencyKey);
  return (index) => `${base}/${index}`;
}
