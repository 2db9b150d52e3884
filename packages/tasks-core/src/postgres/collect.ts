import { InvalidInputError } from '@summit/maestro-sdk';
import type { Row } from './read.ts';

/** Outputs up to this many bytes of JSON are carried inline. */
export const INLINE_BYTES = 256 * 1024;
/** What the rest of an output may take. */
const REST_BYTES = 1024;

/** All rows, as long as they fit into an output. Throws `DB_TOO_LARGE` with what to do instead. */
export async function collectRows(batches: AsyncIterable<Row[]>, columnsSize: number, instead: string): Promise<Row[]> {
  const rows: Row[] = [];
  let bytes = columnsSize + REST_BYTES;
  for await (const batch of batches) {
    for (const row of batch) {
      bytes += Buffer.byteLength(JSON.stringify(row)) + 1;
      if (bytes > INLINE_BYTES) {
        throw new InvalidInputError(
          `the rows are larger than ${INLINE_BYTES} bytes of JSON, which an output may be (it was reached after ${rows.length} rows); ${instead}`,
          { code: 'DB_TOO_LARGE' },
        );
      }
      rows.push(row);
    }
  }
  return rows;
}
