import type { Position, Range } from '../diagnostic.ts';

/** One file of a catalog, with what is needed to turn offsets into lines and columns. */
export class SourceFile {
  readonly path: string;
  /** The text without a byte order mark; all offsets count from here. */
  readonly text: string;
  #lineStarts: number[] | undefined;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  }

  /** The 1-based line and UTF-16 column of an offset; offsets beyond the text count as its end. */
  position(offset: number): Position {
    const starts = this.#lines();
    const at = Math.max(0, Math.min(offset, this.text.length));
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle - 1;
    }
    return { line: low + 1, col: at - (starts[low] as number) + 1 };
  }

  range(start: number, end: number): Range {
    return { start: this.position(start), end: this.position(Math.max(start, end)) };
  }

  /** The offset of a position; beyond the end of its line it is the end of that line. */
  offset({ line, col }: Position): number {
    const starts = this.#lines();
    if (line > starts.length) return this.text.length;
    const start = starts[line - 1] as number;
    const next = starts[line] ?? this.text.length + 1;
    return Math.min(start + col - 1, next - 1);
  }

  /** The text of a 1-based line, without its line break. */
  line(line: number): string {
    const starts = this.#lines();
    const start = starts[line - 1];
    if (start === undefined) return '';
    const next = starts[line];
    const text = this.text.slice(start, next === undefined ? undefined : next - 1);
    return text.endsWith('\r') ? text.slice(0, -1) : text;
  }

  #lines(): number[] {
    if (this.#lineStarts) return this.#lineStarts;
    const starts = [0];
    for (let at = this.text.indexOf('\n'); at !== -1; at = this.text.indexOf('\n', at + 1)) starts.push(at + 1);
    this.#lineStarts = starts;
    return starts;
  }
}
