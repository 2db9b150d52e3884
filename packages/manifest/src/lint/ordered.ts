import type { Diagnostic } from '../diagnostic.ts';
import { capped } from './most.ts';

/**
 * By file, place and code; the same finding at the same place once, and of each file no more than anybody reads.
 * A value that several tasks share by an alias is one place with one mistake, told of the first task, unless each needs a fix of its own.
 */
export function ordered(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const unique = new Map<string, Diagnostic>();
  for (const diagnostic of diagnostics) {
    const { code, file, range, message, fix } = diagnostic;
    const { start, end } = range;
    const key = `${start.line}:${start.col}:${end.line}:${end.col}:${code}:${file}:${message.replaceAll(TASK, 'task')}:${fix ? JSON.stringify(fix) : ''}`;
    if (!unique.has(key)) unique.set(key, diagnostic);
  }
  const sorted = [...unique.values()].sort(
    (a, b) =>
      compare(a.file, b.file) ||
      a.range.start.line - b.range.start.line ||
      a.range.start.col - b.range.start.col ||
      compare(a.code, b.code) ||
      compare(a.message, b.message),
  );
  return capped(sorted);
}

/** A task's name in a message. */
const TASK = /\btask "[^"]*"/g;

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
