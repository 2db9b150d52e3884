import path from 'node:path';
import { type Diagnostic, type DiagnosticFormat, lint as lintCatalog, rules } from '@summit/maestro-manifest';
import { isWithin, shownPath } from '../catalog/files.ts';
import { catalogFolders, type LoadedCatalog, loadCatalogAt } from '../catalog/load.ts';
import { requireLocked } from '../catalog/lock.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { showDiagnostics } from '../render/diagnostics.ts';
import { count } from '../text.ts';

export interface LintCommandOptions {
  format: DiagnosticFormat;
  locked?: boolean;
}

/** `maestro lint` */
export async function lint(context: Context, paths: readonly string[], options: LintCommandOptions): Promise<ExitCode> {
  const { cwd } = context.io;
  const { out } = context.terminal;
  const asked = paths.map((name) => path.resolve(cwd, name));
  const loaded = await loadCatalogAt(await locations(context, asked), context);
  if (options.locked) requireLocked(loaded, context);
  const { files } = loaded;
  const wanted = new Set(
    files.map((file) => file.path).filter((file) => asked.length === 0 || asked.some((place) => isWithin(path.resolve(cwd, file), place))),
  );
  if (wanted.size === 0) throw nothingThere(asked.length === 0 ? (await context.config()).catalogs : asked, cwd);
  const diagnostics = [...loaded.lockFile.diagnostics, ...findings(loaded).filter((diagnostic) => wanted.has(diagnostic.file))];
  const { shown, text = '' } = loaded.lockFile;
  showDiagnostics(diagnostics, [...files, { path: shown, text }], options.format, out);
  if (options.format === 'pretty') summarize(diagnostics, wanted.size, out);
  return diagnostics.some((diagnostic) => diagnostic.severity !== 'info') ? exit.failed : exit.ok;
}

/** What is wrong with a catalog, its lock in force. Of a broken lock nobody knows what it says of ranges. */
function findings({ catalog, contracts, lockFile: { lock, diagnostics } }: LoadedCatalog): Diagnostic[] {
  const all = diagnostics.length === 0 ? undefined : rules.map(({ code }) => code).filter((code) => code !== 'floating-version');
  return lintCatalog(catalog, contracts, { lock, ...(all === undefined ? {} : { rules: all }) });
}

/** What to read: what was asked for, and the catalogs it is part of, because manifests refer to each other. */
async function locations(context: Context, asked: readonly string[]): Promise<string[]> {
  const config = await context.config();
  if (asked.length === 0) return catalogFolders(config);
  return [...asked, ...config.catalogs.filter((folder) => asked.some((place) => place !== folder && isWithin(place, folder)))];
}

function summarize(diagnostics: readonly Diagnostic[], files: number, out: Context['terminal']['out']): void {
  const { bold, green } = out.colors;
  if (diagnostics.length > 0) {
    const kinds = (['error', 'warning', 'info'] as const).map(
      (severity) => [severity, diagnostics.filter((one) => one.severity === severity).length] as const,
    );
    out.line();
    out.line(
      bold(
        `${kinds
          .filter(([, n]) => n > 0)
          .map(([severity, n]) => count(n, severity))
          .join(', ')} in ${count(files, 'file')}`,
      ),
    );
  } else if (out.isTTY) out.line(green(`${count(files, 'file')}, no findings`));
}

function nothingThere(places: readonly string[], cwd: string): CliError {
  return new CliError(`no manifests (*.yaml, *.yml) in ${places.map((place) => shownPath(place, cwd)).join(', ')}`, {
    code: 'CATALOG_EMPTY',
    next: 'name a file or another folder',
  });
}
