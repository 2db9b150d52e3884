/** A part of the text that keeps it from being read. */
export interface SyntaxProblem {
  start: number;
  end: number;
  message: string;
  hint?: string;
  fix?: { start: number; end: number; newText: string };
}
