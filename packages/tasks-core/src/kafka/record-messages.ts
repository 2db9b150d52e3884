import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { inexactProblem } from '../records/record.ts';
import { recordBatches } from '../records/records-of.ts';
import { type Outgoing, outgoing } from './message.ts';

/** How records become messages: they are messages, or the values of messages whose key is one of their fields. */
export interface RecordOptions {
  records?: 'messages' | 'values';
  keyField?: string;
}

/** The messages of an artifact, read as they are asked for. Throws `KAFKA_MESSAGE_INVALID` naming the record. */
export async function* recordMessages(
  ctx: RunContext,
  artifact: ArtifactRef,
  { records, keyField }: RecordOptions,
  dedupeKey: string | undefined,
  trace: Record<string, string>,
): AsyncGenerator<Outgoing> {
  const values = records === 'values' || (records === undefined && keyField !== undefined);
  if (!values && keyField !== undefined) throw new InvalidInputError('keyField needs records: values; a message has its own key');
  for await (const batch of recordBatches(ctx, artifact)) {
    for (const record of batch) {
      const index = record.number - 1;
      if ('problem' in record) throw invalid(artifact, record.number, record.problem);
      const { inexact } = record;
      // As a value it goes out as it is written.
      if (inexact !== undefined && !values) throw invalid(artifact, record.number, inexactProblem(inexact));
      const value = inexact === undefined ? record.value : inexact.exact;
      yield outgoing(values ? messageOf(artifact, record.number, value, keyField, inexact?.text) : value, index, dedupeKey, trace);
    }
  }
}

function messageOf(artifact: ArtifactRef, number: number, value: unknown, keyField: string | undefined, text?: string): unknown {
  if (keyField === undefined) return { value: text ?? value };
  const found =
    typeof value === 'object' && value !== null && Object.hasOwn(value, keyField)
      ? (value as Record<string, unknown>)[keyField]
      : undefined;
  if (found === undefined) throw invalid(artifact, number, `has no field "${keyField}" to take the key from`);
  return { key: found === null || typeof found === 'string' ? found : JSON.stringify(found), value: text ?? value };
}

function invalid(artifact: ArtifactRef, number: number, problem: string): InvalidInputError {
  return new InvalidInputError(`record ${number} of ${artifact.name} ${problem}`, {
    code: 'KAFKA_MESSAGE_INVALID',
    details: { record: number },
  });
}
