import type { Diagnostic as Finding, Range as FindingRange, SourceFile } from '@summit/maestro-manifest';
import { type Diagnostic, DiagnosticSeverity, type Position, type Range } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import { rulePage } from './rule-page.ts';

/**
 * Between the two ways to count: findings count lines as YAML breaks them and leave out a byte order mark, the protocol
 * has it in the text and takes a lone carriage return for a line break. Both count UTF-16 units.
 */
export class TextMap {
  readonly #document: TextDocument;
  readonly #source: SourceFile;
  readonly #mark: number;

  constructor(document: TextDocument, source: SourceFile) {
    this.#document = document;
    this.#source = source;
    this.#mark = document.getText({ start: { line: 0, character: 0 }, end: { line: 0, character: 1 } }) === '\ufeff' ? 1 : 0;
  }

  offset(position: Position): number {
    return Math.max(0, this.#document.offsetAt(position) - this.#mark);
  }

  range({ start, end }: FindingRange): Range {
    const place = (at: FindingRange['start']) => this.#document.positionAt(this.#source.offset(at) + this.#mark);
    return { start: place(start), end: place(end) };
  }

  /** All of the text but its byte order mark. */
  whole(): Range {
    const end = this.#document.positionAt(this.#source.text.length + this.#mark);
    return { start: { line: 0, character: this.#mark }, end };
  }
}

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  info: DiagnosticSeverity.Information,
} as const;

/** A finding as the protocol has it. */
export function diagnosticOf(finding: Finding, map: TextMap): Diagnostic {
  return { ...plainDiagnostic(finding), range: map.range(finding.range) };
}

/** A finding as the protocol has it, in a text where both count alike. */
export function plainDiagnostic({ code, severity, message, hint, range: { start, end } }: Finding): Diagnostic {
  const page = rulePage(code);
  return {
    range: { start: { line: start.line - 1, character: start.col - 1 }, end: { line: end.line - 1, character: end.col - 1 } },
    severity: severities[severity],
    code,
    ...(page === undefined ? {} : { codeDescription: { href: page } }),
    source: 'maestro',
    message: hint === undefined ? message : `${message}\n${hint}`,
  };
}
