import { BOM, isBlank, LONGEST_RECORD, parseRecord, problemRecord, RecordText, type SourceRecord } from './record.ts';

const OPEN = new Set([0x5b, 0x7b]);
const CLOSE = new Set([0x5d, 0x7d]);
const [ARRAY, ARRAY_END, COMMA, QUOTE, BACKSLASH] = [0x5b, 0x5d, 0x2c, 0x22, 0x5c];

/**
 * Reads the elements of one JSON array: those that end in a chunk of `source` as one batch. An element that is no JSON is a record with a
 * `problem`; one that is too long is passed over. Text that is no array, or goes on after it, or ends before it, is a last record with a `problem`.
 */
export async function* arrayBatches(source: AsyncIterable<Uint8Array>, longest = LONGEST_RECORD): AsyncGenerator<SourceRecord[]> {
  const splitter = new ArraySplitter(longest);
  for await (const bytes of source) {
    const batch: SourceRecord[] = [];
    splitter.read(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), batch);
    if (batch.length > 0) yield batch;
    if (splitter.failed) return;
  }
  const last: SourceRecord[] = [];
  splitter.end(last);
  if (last.length > 0) yield last;
}

/** Finds where the elements of an array begin and end; what they hold is for `JSON.parse` to say. */
class ArraySplitter {
  readonly #longest: number;
  readonly #text: RecordText;
  #state: 'before' | 'elements' | 'after' | 'failed' = 'before';
  #number = 0;
  #depth = 0;
  #inString = false;
  #escaped = false;
  #bom = 0;

  constructor(longest: number) {
    this.#longest = longest;
    this.#text = new RecordText(longest);
  }

  get failed(): boolean {
    return this.#state === 'failed';
  }

  read(chunk: Buffer, batch: SourceRecord[]): void {
    let start = 0;
    for (let at = 0; at < chunk.length; at++) {
      const byte = chunk[at] as number;
      if (this.#state === 'elements') {
        if (this.#inString) {
          if (this.#escaped) this.#escaped = false;
          else if (byte === BACKSLASH) this.#escaped = true;
          else if (byte === QUOTE) this.#inString = false;
        } else if (byte === QUOTE) this.#inString = true;
        else if (this.#depth === 0 && (byte === COMMA || byte === ARRAY_END)) {
          this.#text.add(chunk.subarray(start, at));
          start = at + 1;
          this.#element(batch, byte === ARRAY_END);
          if (byte === ARRAY_END) this.#state = 'after';
        } else if (OPEN.has(byte)) this.#depth++;
        else if (CLOSE.has(byte)) this.#depth--;
      } else if (this.#state === 'before') {
        if (byte === ARRAY) this.#state = 'elements';
        else if (byte === BOM[this.#bom] && this.#number === 0) this.#bom++;
        else if (!isBlank(byte)) this.#fail(batch, 'the text is not a JSON array', chunk.subarray(at));
        start = at + 1;
      } else if (this.#state === 'failed') return;
      else if (!isBlank(byte)) this.#fail(batch, 'the text goes on after the array', chunk.subarray(at));
    }
    if (this.#state === 'elements') this.#text.add(chunk.subarray(start));
  }

  end(batch: SourceRecord[]): void {
    if (this.#state === 'before') this.#fail(batch, 'the text is not a JSON array', Buffer.alloc(0));
    if (this.#state === 'elements') this.#fail(batch, 'the text ends before the array does', this.#text.take());
  }

  #element(batch: SourceRecord[], last: boolean): void {
    const text = this.#text.take();
    // An array without elements; a comma before its end is found by JSON.parse, in the empty text.
    if (last && this.#number === 0 && text.every(isBlank)) return;
    this.#number++;
    batch.push(parseRecord(this.#number, text, this.#longest));
  }

  #fail(batch: SourceRecord[], problem: string, text: Buffer): void {
    this.#state = 'failed';
    batch.push(problemRecord(this.#number + 1, problem, text));
  }
}
