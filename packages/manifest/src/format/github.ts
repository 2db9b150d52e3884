import type { Diagnostic } from '../diagnostic.ts';

const commands = { error: 'error', warning: 'warning', info: 'notice' } as const;

/** GitHub's workflow commands, one line each. */
export function github(diagnostics: readonly Diagnostic[]): string {
  return diagnostics
    .map(({ severity, code, file, range, message, hint }) => {
      const { start, end } = range;
      // endColumn counts only where the annotation stays on one line.
      const place =
        start.line === end.line
          ? `line=${start.line},endLine=${end.line},col=${start.col},endColumn=${end.col}`
          : `line=${start.line},endLine=${end.line}`;
      const where = file === '' ? '' : `file=${property(file)},${place},`;
      return `::${commands[severity]} ${where}title=${property(code)}::${data(hint === undefined ? message : `${message}\n${hint}`)}\n`;
    })
    .join('');
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
