import type { Diagnostic } from '../diagnostic.ts';
import type { Catalog, Manifest } from '../model/manifest.ts';
import { readManifest } from '../model/read.ts';
import { Budget } from '../schema/budget.ts';
import { SourceFile } from '../text/source.ts';
import { parseDocuments } from './documents.ts';
import { limits } from './limits.ts';

/** A file of a catalog: the path that diagnostics name, and its text. */
export interface CatalogFile {
  path: string;
  text: string;
}

/** What `loadCatalog` throws: the first error, with all of them. */
export class CatalogError extends Error {
  override name = 'CatalogError';
  readonly diagnostics: Diagnostic[];

  constructor(diagnostics: Diagnostic[]) {
    const [first] = diagnostics;
    super(first ? `${first.file}:${first.range.start.line}:${first.range.start.col}: ${first.message}` : 'the catalog has errors');
    this.diagnostics = diagnostics;
  }
}

/** One file of a catalog, as read: nothing of it depends on other files. */
export interface ParsedCatalogFile {
  file: SourceFile;
  manifests: Manifest[];
  /** Some document could not be identified. */
  incomplete: boolean;
  diagnostics: Diagnostic[];
}

/**
 * Reads the files of a catalog: YAML (or JSON) with any number of `maestro/v1` documents each. Collects what is wrong instead
 * of throwing: syntax as `yaml-syntax`, fields as `manifest-schema`. Manifests with errors are in the catalog too, as far as
 * they can be read. Never throws on any text; time and memory are bounded by `limits`.
 */
export function parseCatalog(files: readonly CatalogFile[]): { catalog: Catalog; diagnostics: Diagnostic[] } {
  const catalog = assembleCatalog(files.map(parseCatalogFile));
  return { catalog, diagnostics: catalog.diagnostics };
}

/** The catalog of files that have been read. */
export function assembleCatalog(files: readonly ParsedCatalogFile[]): Catalog {
  const catalog: Catalog = { files: [], manifests: [], incomplete: false, diagnostics: [] };
  for (const { file, manifests, incomplete, diagnostics } of files) {
    catalog.files.push(file);
    for (const manifest of manifests) catalog.manifests.push(manifest);
    for (const diagnostic of diagnostics) catalog.diagnostics.push(diagnostic);
    if (incomplete) catalog.incomplete = true;
  }
  return catalog;
}

/** Reads one file. */
export function parseCatalogFile({ path, text }: CatalogFile): ParsedCatalogFile {
  const file = new SourceFile(path, text);
  const diagnostics: Diagnostic[] = [];
  const parsed: ParsedCatalogFile = { file, manifests: [], incomplete: false, diagnostics };
  const { roots, problems, unreadable } = parseDocuments(file);
  for (const { start, end, message, hint, fix } of problems) {
    const diagnostic: Diagnostic = { code: 'yaml-syntax', severity: 'error', message, file: path, range: file.range(start, end) };
    if (hint !== undefined) diagnostic.hint = hint;
    if (fix) diagnostic.fix = { range: file.range(fix.start, fix.end), newText: fix.newText };
    diagnostics.push(diagnostic);
  }
  if (unreadable) parsed.incomplete = true;
  else if (roots.length === 0) diagnostics.push(emptyFile(file));
  const budget = new Budget(limits.checking);
  for (const root of roots) {
    const read = readManifest(file, root, budget);
    diagnostics.push(...read.diagnostics);
    if (read.manifest) parsed.manifests.push(read.manifest);
    if (read.manifest?.name === undefined || read.manifest.version === undefined) parsed.incomplete = true;
  }
  return parsed;
}

/** `parseCatalog` for callers that cannot go on with errors: throws a {@link CatalogError}. */
export function loadCatalog(files: readonly CatalogFile[]): Catalog {
  const { catalog, diagnostics } = parseCatalog(files);
  if (diagnostics.length > 0) throw new CatalogError(diagnostics);
  return catalog;
}

function emptyFile(file: SourceFile): Diagnostic {
  return {
    code: 'manifest-schema',
    severity: 'error',
    message: 'the file holds no manifest',
    file: file.path,
    range: file.range(0, 0),
    hint: 'start with apiVersion: maestro/v1 and kind: Runbook or Workflow, or remove the file from the catalog',
  };
}
