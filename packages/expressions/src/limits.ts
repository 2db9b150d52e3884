/** What one expression may cost. */
export interface ExpressionLimits {
  /** UTF-16 units of source. */
  sourceLength: number;
  /** Nodes of the syntax tree. */
  nodes: number;
  /** Depth of the syntax tree; `a + b + c` is three deep, as operators nest to the left. */
  depth: number;
  /** Brackets and calls inside one another. */
  nesting: number;
  /**
   * Work of one evaluation, in units of about one evaluated node (some 60 ns): a comprehension costs its elements times
   * the nodes of its body, a function or comparison the size of what it reads.
   */
  work: number;
  /** Values (elements, fields, scalars) in a result. */
  resultValues: number;
  /** UTF-16 units of text in a result, and of any string on the way to it. */
  resultText: number;
  /** UTF-16 units of a regular expression. */
  patternLength: number;
}

export const DEFAULT_LIMITS: Readonly<ExpressionLimits> = Object.freeze({
  sourceLength: 10_000,
  nodes: 2_000,
  depth: 250,
  nesting: 60,
  work: 12_000_000,
  resultValues: 2_000_000,
  resultText: 64 * 1024 * 1024,
  patternLength: 1_000,
});
