import type { Diagnostic } from '../diagnostic.ts';
import { entry, type Node, nodeAt, type Path } from '../parse/node.ts';
import type { SourceFile } from '../text/source.ts';
import type { SchemaProblem } from './problem.ts';

interface Span {
  start: number;
  end: number;
}

/**
 * Where a problem is shown, `path` being the problem's own from `root` on: at the key that should not be there; for something
 * missing or an empty value at the key of what lacks it; else at the value.
 */
export function problemSpan(root: Node, problem: SchemaProblem, path: Path = problem.path): Span {
  if (problem.entry) return problem.entry.key;
  const { node } = problem;
  const empty = node.kind === 'scalar' && node.empty === true;
  if (problem.kind !== 'missing' && !empty) return node;
  return ownerKey(root, path) ?? firstKey(node);
}

function ownerKey(root: Node, path: Path): Span | undefined {
  const name = path.at(-1);
  return typeof name === 'string' ? entry(nodeAt(root, path.slice(0, -1)), name)?.key : undefined;
}

function firstKey(node: Node): Span {
  if (node.kind !== 'map') return node;
  const [first] = node.entries.values();
  return first?.key ?? node;
}

/** The edit that a problem offers, where it does. */
export function problemFix(problem: SchemaProblem): (Span & { newText: string }) | undefined {
  if (problem.replacement === undefined) return undefined;
  const { start, end } = problem.entry ? problem.entry.key : problem.node;
  return { start, end, newText: problem.replacement };
}

/** A problem as a diagnostic; `message` says what of. */
export function schemaDiagnostic(
  code: string,
  file: SourceFile,
  root: Node,
  problem: SchemaProblem,
  message: string,
  path?: Path,
): Diagnostic {
  const { start, end } = problemSpan(root, problem, path);
  const diagnostic: Diagnostic = { code, severity: 'error', message, file: file.path, range: file.range(start, end) };
  if (problem.hint !== undefined) diagnostic.hint = problem.hint;
  const fix = problemFix(problem);
  if (fix) diagnostic.fix = { range: file.range(fix.start, fix.end), newText: fix.newText };
  return diagnostic;
}
