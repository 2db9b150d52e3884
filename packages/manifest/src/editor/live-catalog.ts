import type { TaskContract } from '@summit/maestro-sdk';
import type { Diagnostic } from '../diagnostic.ts';
import { fixFiles } from '../format/fix-files.ts';
import { type LintOptions, lintFile } from '../lint/lint.ts';
import { Session } from '../lint/session.ts';
import type { Manifest } from '../model/manifest.ts';
import { assembleCatalog, type CatalogFile, type ParsedCatalogFile, parseCatalogFile } from '../parse/catalog.ts';
import type { SourceFile } from '../text/source.ts';
import { Relations } from './relations.ts';

/** What was found in a file, and what it was found under. */
interface Found {
  stamp: string;
  diagnostics: Diagnostic[];
}

/**
 * A catalog that is being edited. After a change only what it can touch is worked out again: the file that changed is read,
 * and of the others those that are related to it are checked when they are asked for.
 */
export class LiveCatalog {
  readonly #files = new Map<string, ParsedCatalogFile>();
  readonly #relations = new Relations();
  readonly #found = new Map<string, Found>();
  #contracts: readonly TaskContract[];
  #options: LintOptions;
  #generation = 0;
  /** The paths in the order in which a check of everything reads them: of two with one name the first is the one that counts. */
  #order: string[] | undefined;
  #session: Session | undefined;

  constructor(contracts: readonly TaskContract[] = [], options: LintOptions = {}) {
    this.#contracts = contracts;
    this.#options = options;
  }

  /** Other tasks are installed, or other settings in force: a lock file, say. */
  configure(contracts: readonly TaskContract[], options: LintOptions = {}): void {
    this.#contracts = contracts;
    this.#options = options;
    this.#generation += 1;
    this.#session = undefined;
  }

  /** The text of a file, new or changed. Returns whether it is another one. */
  set(path: string, text: string): boolean {
    const before = this.#files.get(path);
    const parsed = before && sameText(before.file.text, text) ? before : parseCatalogFile({ path, text });
    if (parsed === before) return false;
    if (!before) this.#order = undefined;
    this.#files.set(path, parsed);
    this.#relations.set(path, parsed);
    this.#session = undefined;
    return true;
  }

  delete(path: string): boolean {
    if (!this.#files.delete(path)) return false;
    this.#order = undefined;
    this.#relations.delete(path);
    this.#found.delete(path);
    this.#session = undefined;
    return true;
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** Sorted. */
  paths(): readonly string[] {
    this.#order ??= [...this.#files.keys()].sort();
    return this.#order;
  }

  file(path: string): SourceFile | undefined {
    return this.#files.get(path)?.file;
  }

  /** The manifests of a file, in the order of the text. */
  manifests(path: string): readonly Manifest[] {
    return this.#files.get(path)?.manifests ?? [];
  }

  /** The catalog as it is now. */
  get session(): Session {
    this.#session ??= this.#sessionWith();
    return this.#session;
  }

  /** What `lint` says of a file. */
  diagnostics(path: string): Diagnostic[] {
    const stamp = `${this.#generation} ${this.#relations.stamp(path)}`;
    const before = this.#found.get(path);
    if (before?.stamp === stamp) return before.diagnostics;
    const diagnostics = lintFile(this.session, path, this.#options);
    this.#found.set(path, { stamp, diagnostics });
    return diagnostics;
  }

  /** Whether `diagnostics` has to work for its answer. */
  isStale(path: string): boolean {
    return this.#found.get(path)?.stamp !== `${this.#generation} ${this.#relations.stamp(path)}`;
  }

  /** The text of a file after all fixes that are offered, and those that are offered then. */
  fixed(path: string): string | undefined {
    const text = this.#files.get(path)?.file.text;
    if (text === undefined) return undefined;
    const findings = ([file]: readonly CatalogFile[]) =>
      file ? lintFile(this.#sessionWith(parseCatalogFile(file)), path, this.#options) : [];
    return fixFiles([{ path, text }], findings).files[0]?.text;
  }

  /** The session as it would be with another text of a file; nothing is kept of it. */
  supposing(path: string, text: string): { session: Session; manifests: readonly Manifest[] } {
    const parsed = parseCatalogFile({ path, text });
    return { session: this.#sessionWith(parsed), manifests: parsed.manifests };
  }

  #sessionWith(instead?: ParsedCatalogFile): Session {
    const files = this.paths().map((path) => (path === instead?.file.path ? instead : (this.#files.get(path) as ParsedCatalogFile)));
    return new Session(assembleCatalog(files), this.#contracts, this.#options);
  }
}

function sameText(known: string, text: string): boolean {
  return known === (text.charCodeAt(0) === 0xfeff ? text.slice(1) : text);
}
