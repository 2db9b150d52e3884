import type { SourceFile } from '../text/source.ts';
import { convert } from './convert.ts';
import type { Node } from './node.ts';
import type { SyntaxProblem } from './problem.ts';
import { unquotedExpression } from './unquoted.ts';
import { readYaml, syntaxProblem, type YamlDocument } from './yaml.ts';

/** The documents of one file. */
export interface ParsedFile {
  /** Those that could be read; empty documents are left out. */
  roots: Node[];
  problems: SyntaxProblem[];
  /** A document is missing from `roots` because it is not YAML. */
  unreadable: boolean;
}

/** After a file of this length, or this many, unquoted expressions are no longer looked through: each one costs a parse. */
const RETRY_LENGTH = 65_536;
const RETRIES = 20;

/**
 * Reads one file. An unquoted `${...}` breaks everything behind it, so it is replaced by as many harmless letters, the file is
 * read again, and the value takes its text back: one finding, and the rest of the file is still checked.
 */
export function parseDocuments(file: SourceFile): ParsedFile {
  const masked = new Map<number, string>();
  const problems: SyntaxProblem[] = [];
  let text = file.text;
  for (let attempt = 0; ; attempt++) {
    const read = readYaml(text);
    if ('refused' in read) return { roots: [], problems: [...problems, read.refused], unreadable: true };
    const advice = attempt < RETRIES && text.length <= RETRY_LENGTH ? firstAdvice(text, read.documents) : undefined;
    if (!advice?.fix) return collect(file, read.documents, masked, problems);
    problems.push(advice);
    const { start, end } = advice.fix;
    masked.set(start, file.text.slice(start, end));
    text = `${text.slice(0, start)}${'x'.repeat(end - start)}${text.slice(end)}`;
  }
}

function firstAdvice(text: string, documents: YamlDocument[]): SyntaxProblem | undefined {
  for (const document of documents) {
    const error = document.errors[0];
    const advice = error && unquotedExpression(text, error);
    if (advice?.fix) return advice;
  }
  return undefined;
}

function collect(file: SourceFile, documents: YamlDocument[], masked: Map<number, string>, problems: SyntaxProblem[]): ParsedFile {
  const roots: Node[] = [];
  let unreadable = false;
  for (const document of documents) {
    const error = document.errors[0] ?? document.warnings[0];
    if (error) {
      problems.push(unquotedExpression(file.text, error) ?? syntaxProblem(file.text, document, error));
      unreadable = true;
      continue;
    }
    const { root, problems: found, hiding } = convert(document, masked);
    if (hiding) unreadable = true;
    problems.push(...found);
    if (!isNothing(root)) roots.push(root);
  }
  return { roots, problems, unreadable };
}

function isNothing(root: Node): boolean {
  return root.kind === 'scalar' && root.value === null && (root.empty === true || root.start === root.end);
}
