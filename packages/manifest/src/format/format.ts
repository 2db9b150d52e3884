import type { Diagnostic } from '../diagnostic.ts';
import { github } from './github.ts';
import { type FormatOptions, pretty } from './pretty.ts';
import { sarif } from './sarif.ts';

/** Ways to write diagnostics down. */
export type DiagnosticFormat = 'pretty' | 'json' | 'github' | 'sarif';

/**
 * Diagnostics as text: `pretty` with the source line and a caret, `json` as one array, `github` as workflow commands that
 * become annotations, `sarif` as a SARIF 2.1.0 log. `sources` gives the text of the files by path; a file it lacks is shown without its line.
 */
export function formatDiagnostics(
  diagnostics: readonly Diagnostic[],
  sources: ReadonlyMap<string, string>,
  format: DiagnosticFormat,
  options: FormatOptions = {},
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(diagnostics, null, 2)}\n`;
    case 'github':
      return github(diagnostics);
    case 'sarif':
      return sarif(diagnostics, sources, options.toolVersion);
    case 'pretty':
      return pretty(diagnostics, sources, options);
  }
}
