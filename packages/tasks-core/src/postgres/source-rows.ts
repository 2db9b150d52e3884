import { type ArtifactRef, InvalidInputError, type RunContext } from '@summit/maestro-sdk';
import { recordBatches } from '../records/records-of.ts';

/** A row to write, with its number in the input, from 1. */
export interface SourceRow {
  number: number;
  values: Record<string, unknown>;
}

/** Rows of a batch take at most about so many bytes of JSON, so that memory does not depend on how long they are. */
const BATCH_BYTES = 8 * 1024 * 1024;

/** The rows of the input in batches of `size`, in constant memory. Throws `DB_ROW_INVALID`, naming the row, for one that is no object. */
export async function* sourceRows(
  ctx: Pick<RunContext, 'artifacts' | 'signal'>,
  source: { rows: readonly unknown[] } | { artifact: ArtifactRef },
  size: number,
): AsyncGenerator<SourceRow[]> {
  if ('rows' in source) {
    for (let start = 0; start < source.rows.length; start += size) {
      yield source.rows.slice(start, start + size).map((value, index) => toRow(start + index + 1, value));
    }
    return;
  }
  let batch: SourceRow[] = [];
  let bytes = 0;
  for await (const records of recordBatches(ctx, source.artifact)) {
    for (const record of records) {
      if ('problem' in record) throw invalid(record.number, `${record.problem}, in ${source.artifact.name}`);
      const value = record.inexact === undefined ? record.value : record.inexact.exact;
      batch.push(toRow(record.number, value));
      bytes += textLength(value);
      if (batch.length < size && bytes < BATCH_BYTES) continue;
      yield batch;
      batch = [];
      bytes = 0;
    }
  }
  if (batch.length > 0) yield batch;
}

/** About what a value takes as text. */
function textLength(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  let length = 8;
  for (const key in value) length += textLength((value as Record<string, unknown>)[key]);
  return length;
}

function toRow(number: number, value: unknown): SourceRow {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { number, values: value as Record<string, unknown> };
  throw invalid(
    number,
    `is not an object of columns and values, but ${value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`}`,
  );
}

function invalid(number: number, problem: string): InvalidInputError {
  return new InvalidInputError(`row ${number} ${problem}; nothing was changed`, { code: 'DB_ROW_INVALID', details: { row: number } });
}
