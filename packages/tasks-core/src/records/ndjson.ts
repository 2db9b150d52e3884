import { BOM, isBlank, LONGEST_RECORD, parseRecord, RecordText, type SourceRecord } from './record.ts';

const NEWLINE = 0x0a;

/**
 * Reads NDJSON: the records of each chunk of `source` as one batch. Empty lines are none. A line that is no JSON is a record with
 * a `problem`; one that is too long is passed over.
 */
export async function* ndjsonBatches(source: AsyncIterable<Uint8Array>, longest = LONGEST_RECORD): AsyncGenerator<SourceRecord[]> {
  const line = new RecordText(longest);
  let number = 0;
  let first = true;
  const take = (batch: SourceRecord[]) => {
    let text = line.take();
    if (first && text.subarray(0, 3).equals(BOM)) text = text.subarray(3);
    first = false;
    if (text.every(isBlank)) return;
    number++;
    batch.push(parseRecord(number, text, longest));
  };
  for await (const bytes of source) {
    const chunk = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const batch: SourceRecord[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      line.add(chunk.subarray(start, end));
      start = end + 1;
      take(batch);
    }
    line.add(chunk.subarray(start));
    if (batch.length > 0) yield batch;
  }
  const last: SourceRecord[] = [];
  if (line.length > 0) take(last);
  if (last.length > 0) yield last;
}
