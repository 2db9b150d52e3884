import type { Diagnostic, Severity } from '../diagnostic.ts';

/** Findings that are listed of one file; nobody reads more, and a hostile file has as many as it has words. */
const MOST = 1_000;

/** The first findings of each file; in place of the others one that counts them, as severe as the worst of them. */
export function capped(sorted: readonly Diagnostic[]): Diagnostic[] {
  const counts = new Map<string, number>();
  for (const { file } of sorted) counts.set(file, (counts.get(file) ?? 0) + 1);
  const seen = new Map<string, number>();
  return sorted.flatMap((diagnostic, at) => {
    const all = counts.get(diagnostic.file) as number;
    const before = seen.get(diagnostic.file) ?? 0;
    seen.set(diagnostic.file, before + 1);
    if (all <= MOST || before < MOST - 1) return [diagnostic];
    return before === MOST - 1 ? [rest(diagnostic, sorted.slice(at, at + all - before))] : [];
  });
}

/** Placed where the first of them is. */
function rest({ code, file, range }: Diagnostic, others: readonly Diagnostic[]): Diagnostic {
  const severity = (['error', 'warning', 'info'] as Severity[]).find((one) => others.some((other) => other.severity === one)) ?? 'info';
  const message = `${others.length} more findings in this file are not listed`;
  return { code, severity, message, file, range, hint: 'correct the ones before, then check again' };
}
