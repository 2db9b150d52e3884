import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
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
): AsyncGenerator<Outgoing> {
  const values = records === 'values' || (records === undefined && keyField !== undefined);
  if (!values && keyField !== undefined) throw new InvalidInputError('keyField needs records: values; a message has its own key');
  for await (const batch of recordBatches(ctx, artifact)) {
    for (const record of batch) {
      const index = record.number - 1;
      if ('problem' in record) throw invalid(artifact, record.number, record.problem);
      yield outgoing(values ? messageOf(artifact, record.number, record.value, keyField) : record.value, index, dedupeKey);
    }
  }
}

function messageOf(artifact: ArtifactRef, number: number, value: unknown, keyField: string | undefined): unknown {
  if (keyField === undefined) return { value };
  const found =
    typeof value === 'object' && value !== null && Object.hasOwn(value, keyField)
      ? (value as Record<string, unknown>)[keyField]
      : undefined;
  if (found === undefined) throw invalid(artifact, number, `has no field "${keyField}" to take the key from`);
  return { key: found === null || typeof found === 'string' ? found : JSON.stringify(found), value };
}

function invalid(artifact: ArtifactRef, number: number, problem: string): InvalidInputError {
  return new InvalidInputError(`record ${number} of ${artifact.name} ${problem}`, {
    code: 'KAFKA_MESSAGE_INVALID',
    details: { record: number },
  });
}
