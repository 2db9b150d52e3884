import { setImmediate } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Connection, type Diagnostic, DiagnosticSeverity, type TextDocuments } from 'vscode-languageserver';
import type { TextDocument } from 'vscode-languageserver-textdocument';
import type { Project, Trouble } from './project.ts';
import type { Projects } from './projects.ts';
import { diagnosticOf, plainDiagnostic, TextMap } from './text.ts';

/** How long to wait for more changes: half as long as a check takes, within these bounds, in milliseconds. */
const LEAST_DELAY_MS = 5;
const MOST_DELAY_MS = 250;

/** Tells the editor what is wrong with the manifests it has open, after every change and no sooner than it pauses. */
export class Findings {
  readonly #connection: Connection;
  readonly #documents: TextDocuments<TextDocument>;
  readonly #projects: Projects;
  /** Documents that have to be told about whether or not anything is different. */
  readonly #due = new Set<string>();
  readonly #told = new Set<string>();
  #timer: NodeJS.Timeout | undefined;
  #round = 0;
  /** What a check takes, later ones counting more. */
  #usualMs = 0;

  constructor(connection: Connection, documents: TextDocuments<TextDocument>, projects: Projects) {
    this.#connection = connection;
    this.#documents = documents;
    this.#projects = projects;
  }

  /** Something changed: a document, or what documents depend on. What is being worked out is given up. */
  schedule(uri?: string): void {
    if (uri !== undefined) this.#due.add(uri);
    this.#round += 1;
    clearTimeout(this.#timer);
    const delay = Math.min(MOST_DELAY_MS, Math.max(LEAST_DELAY_MS, this.#usualMs / 2));
    this.#timer = setTimeout(() => {
      this.#tell(this.#round).catch((error: unknown) => this.#connection.console.error(errorText(error)));
    }, delay);
  }

  /** Configuration or tasks are other ones. */
  scheduleAll(): void {
    for (const uri of this.#documents.keys()) this.#due.add(uri);
    this.schedule();
  }

  /** What is wrong with the lock file of a project, open or not: nothing else would say why ranges are not checked. */
  tellLock({ lockFile }: Project): void {
    if (!lockFile) return;
    const uri = pathToFileURL(lockFile.path).href;
    if (lockFile.diagnostics.length > 0 || this.#told.has(uri)) this.#tellOne(uri, undefined, lockFile.diagnostics.map(plainDiagnostic));
  }

  /** A document was closed. */
  forget(uri: string): void {
    this.#due.delete(uri);
    this.#tellOne(uri, undefined, []);
    this.#told.delete(uri);
  }

  async #tell(round: number): Promise<void> {
    const uris = [...this.#due, ...this.#documents.keys().filter((uri) => !this.#due.has(uri))];
    for (const uri of uris) {
      const document = this.#documents.get(uri);
      if (!document) this.#due.delete(uri);
      else await this.#check(document, round);
      // Changes that came in meanwhile go first.
      await setImmediate();
      if (round !== this.#round) return;
    }
  }

  async #check(document: TextDocument, round: number): Promise<void> {
    const { uri, version } = document;
    const found = await manifestOf(this.#projects, document);
    if (round !== this.#round) return;
    const due = this.#due.delete(uri);
    if (!found) {
      if (this.#told.has(uri)) this.#tellOne(uri, version, []);
      return;
    }
    const { project, name } = found;
    if (!due && !project.catalog.isStale(name)) return;
    const begin = performance.now();
    const source = project.catalog.file(name);
    if (project.trouble) this.#tellOne(uri, version, [troubleDiagnostic(project.trouble)]);
    else if (source) {
      const map = new TextMap(document, source);
      const diagnostics = project.catalog.diagnostics(name).map((finding) => diagnosticOf(finding, map));
      this.#tellOne(uri, version, diagnostics);
      this.#usualMs += (performance.now() - begin - this.#usualMs) / 4;
    }
  }

  #tellOne(uri: string, version: number | undefined, diagnostics: Diagnostic[]): void {
    this.#told.add(uri);
    void this.#connection.sendDiagnostics({ uri, diagnostics, ...(version === undefined ? {} : { version }) });
  }
}

/** A document as a manifest of its project, which knows its text then; `undefined` for any other YAML. */
export async function manifestOf(projects: Projects, document: TextDocument): Promise<{ project: Project; name: string } | undefined> {
  const file = pathOf(document.uri);
  if (file === undefined) return undefined;
  const project = await projects.of(file);
  const text = document.getText();
  if (!project.holds(file) && !/^\s*\{?\s*["']?apiVersion["']?\s*:\s*["']?maestro\//m.test(text)) return undefined;
  project.open(file, text);
  return { project, name: project.name(file) };
}

/** The file of a document; `undefined` where it is none. */
export function pathOf(uri: string): string | undefined {
  if (!uri.startsWith('file:')) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined;
  }
}

function troubleDiagnostic({ code, message }: Trouble): Diagnostic {
  const start = { line: 0, character: 0 };
  return { range: { start, end: start }, severity: DiagnosticSeverity.Error, code, source: 'maestro', message };
}

export function errorText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
