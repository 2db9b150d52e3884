import { type Diagnostic, type DiagnosticFormat, formatDiagnostics } from '@summit/maestro-manifest';
import type { ManifestFile } from '../catalog/files.ts';
import type { Channel } from '../terminal/terminal.ts';
import { packageVersion } from '../version.ts';

/** Writes findings as `format` says, with colours where the reader wants them. */
export function showDiagnostics(
  diagnostics: readonly Diagnostic[],
  files: readonly ManifestFile[],
  format: DiagnosticFormat,
  channel: Channel,
): void {
  const { bold, cyan, dim, red, yellow } = channel.colors;
  const paints = { error: red, warning: yellow, info: cyan, code: dim, place: bold, gutter: dim, caret: red, hint: cyan };
  const sources = new Map(files.map((file) => [file.path, file.text]));
  channel.write(
    formatDiagnostics(diagnostics, sources, format, {
      paint: (style, text) => paints[style](text),
      ...(format === 'sarif' ? { toolVersion: packageVersion() } : {}),
    }),
  );
}
