/**
 * What a manifest may be at most. They keep the time for hostile input below about a second and the stack far from its end;
 * a runbook of 300 lines uses a hundredth of each.
 */
export const limits = {
  /** UTF-16 units in one file. */
  fileLength: 1_048_576,
  /** Lexical tokens in one file, white space included. */
  tokens: 200_000,
  /** Collections inside collections. */
  depth: 64,
  /** Values in one document once its aliases are written out. */
  expandedValues: 100_000,
  /** Steps that holding the values of one file against its own schemas may take, each about a microsecond. */
  checking: 500_000,
} as const;
