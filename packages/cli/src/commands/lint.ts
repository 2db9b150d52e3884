import path from 'node:path';
import {
  type Diagnostic,
  type DiagnosticFormat,
  type FixedFiles,
  fixFiles,
  lint as lintCatalog,
  parseCatalog,
  parseRelated,
} from '@summit/maestro-manifest';
import { isWithin, type ManifestFile, shownPath } from '../catalog/files.ts';
import { writeChanged } from '../catalog/fix.ts';
import { catalogFolders, type LoadedCatalog, loadCatalogAt } from '../catalog/load.ts';
import { lintOptions, requireLocked } from '../catalog/lock.ts';
import { trustedFiles } from '../catalog/trusted.ts';
import type { Context } from '../context.ts';
import { CliError } from '../errors.ts';
import { type ExitCode, exit } from '../exit.ts';
import { showDiagnostics } from '../render/diagnostics.ts';
import type { Channel } from '../terminal/terminal.ts';
import { count, printable } from '../text.ts';

export interface LintCommandOptions {
  format: DiagnosticFormat;
  fix?: boolean;
  locked?: boolean;
}

/** Whether the catalog that a file is part of may hold code. */
type Trusted = (file: string) => boolean;

/** `maestro lint` */
export async function lint(context: Context, paths: readonly string[], options: LintCommandOptions): Promise<ExitCode> {
  const { cwd } = context.io;
  const { out } = context.terminal;
  const asked = paths.map((name) => path.resolve(cwd, name));
  const loaded = await loadCatalogAt(await locations(context, asked), context);
  const trusted = trustedFiles(await context.config(), cwd);
  if (options.locked) requireLocked(loaded, context);
  const wanted = new Set(
    loaded.files
      .map((file) => file.path)
      .filter((file) => asked.length === 0 || asked.some((place) => isWithin(path.resolve(cwd, file), place))),
  );
  if (wanted.size === 0) throw nothingThere(asked.length === 0 ? (await context.config()).catalogs : asked, cwd);
  // A catalog that is an installed package is changed where it is made, unless somebody names it.
  const own = [...wanted].filter((file) => asked.length > 0 || !path.resolve(cwd, file).split(path.sep).includes('node_modules'));
  const { files, fixed } = options.fix ? mend(loaded, new Set(own), trusted) : { files: loaded.files, fixed: new Map<string, number>() };
  await writeChanged(loaded.files, files, cwd);
  // What accompanies a format for machines does not stand between its lines.
  if (fixed.size > 0) tellFixed(fixed, options.format === 'pretty' ? out : context.terminal.err);
  const diagnostics = [...loaded.lockFile.diagnostics, ...findings(loaded, files, wanted, trusted)];
  const { shown, text = '' } = loaded.lockFile;
  showDiagnostics(diagnostics, [...files, { path: shown, text }], options.format, out);
  if (options.format === 'pretty') summarize(diagnostics, wanted.size, out);
  return diagnostics.some((diagnostic) => diagnostic.severity !== 'info') ? exit.failed : exit.ok;
}

/** What is wrong with the wanted files of a catalog, its lock in force. */
function findings(loaded: LoadedCatalog, files: readonly ManifestFile[], wanted: ReadonlySet<string>, trusted: Trusted): Diagnostic[] {
  const { contracts, lockFile } = loaded;
  const options = { ...lintOptions(lockFile), trusted, files: wanted };
  // Few files of many mostly have nothing wrong, which is found without reading all of the others.
  if (wanted.size < files.length && lintCatalog(parseRelated(files, wanted), contracts, options).length === 0) return [];
  const catalog = files === loaded.files ? loaded.catalog : parseCatalog(files).catalog;
  return lintCatalog(catalog, contracts, options);
}

/** The files with the fixes that their findings offer. */
function mend(loaded: LoadedCatalog, wanted: ReadonlySet<string>, trusted: Trusted): FixedFiles {
  return fixFiles(loaded.files, (files) => findings(loaded, files, wanted, trusted));
}

function tellFixed(fixed: ReadonlyMap<string, number>, channel: Channel): void {
  const sum = [...fixed.values()].reduce((total, applied) => total + applied, 0);
  channel.line(channel.colors.green(`fixed ${count(sum, 'finding')} in ${count(fixed.size, 'file')}`));
  for (const [file, applied] of fixed) channel.line(`  ${printable(file)}  ${applied}`);
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
