import type { ArtifactRef, RunContext } from '@summit/maestro-sdk';
import type { SourceRecord } from '../records/record.ts';
import { recordBatches } from '../records/records-of.ts';

/** Rows of an inline list that are taken at once. */
const BATCH = 1_000;

/** The rows of the input in batches, in their order; `number` counts from 1. */
export function rowBatches(
  ctx: Pick<RunContext, 'artifacts' | 'signal'>,
  input: { rows?: readonly unknown[] | undefined; artifact?: ArtifactRef | undefined },
): AsyncIterable<SourceRecord[]> | Iterable<SourceRecord[]> {
  return input.artifact === undefined ? batchesOf(input.rows ?? []) : recordBatches(ctx, input.artifact);
}

function* batchesOf(rows: readonly unknown[]): Generator<SourceRecord[]> {
  for (let start = 0; start < rows.length; start += BATCH) {
    // Not map, which passes over what is missing in a list.
    yield Array.from(rows.slice(start, start + BATCH), (value, at) => ({ number: start + at + 1, value }));
  }
}
