/** A place in a file: 1-based line and column, in UTF-16 code units as editors count them. */
export interface Position {
  line: number;
  col: number;
}

/** From `start` up to, not including, `end`. */
export interface Range {
  start: Position;
  end: Position;
}

export type Severity = 'error' | 'warning' | 'info';

/** A change of text that mends a finding. */
export interface Fix {
  range: Range;
  newText: string;
}

/** One finding about one place in one file. */
export interface Diagnostic {
  /** Stable code; each has a page in `docs/rules/`. */
  code: string;
  severity: Severity;
  /** What was found: the value, the place and the choices. */
  message: string;
  /** The file as it was given to the parser. */
  file: string;
  range: Range;
  /** What to do next. */
  hint?: string;
  fix?: Fix;
}
