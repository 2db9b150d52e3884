import { type Connection, DidChangeWatchedFilesNotification, FileChangeType } from 'vscode-languageserver';
import { isWithin } from '../catalog/files.ts';
import { errorText, type Findings, pathOf } from './findings.ts';
import type { Project } from './project.ts';
import type { Projects } from './projects.ts';
import { sourcesOf, watchFiles, watchFolder } from './watch.ts';

/** What the editor is asked to watch; what else matters is looked at from time to time. */
const PATTERNS = ['**/*.{yaml,yml}', '**/maestro.config.{ts,json}'];

/** Keeps projects as they are on the disk. */
export class Watching {
  readonly #connection: Connection;
  readonly #projects: Projects;
  readonly #findings: Findings;
  /** How to stop watching a project. */
  readonly #watched = new Map<Project, () => void>();
  /** Whether the editor tells when files change. */
  byEditor = false;

  constructor(connection: Connection, projects: Projects, findings: Findings) {
    this.#connection = connection;
    this.#projects = projects;
    this.#findings = findings;
    connection.onDidChangeWatchedFiles(({ changes }) => {
      this.#work(async () => {
        for (const { uri, type } of changes) {
          const file = pathOf(uri);
          if (file !== undefined) await this.#changed(file, type === FileChangeType.Deleted);
        }
      });
    });
  }

  async register(): Promise<void> {
    if (!this.byEditor) return;
    await this.#connection.client.register(DidChangeWatchedFilesNotification.type, {
      watchers: PATTERNS.map((globPattern) => ({ globPattern })),
    });
  }

  /** From now on; once. */
  watch(project: Project): void {
    if (this.#watched.has(project)) return;
    this.#findings.tellLock(project);
    const stops = [watchFiles(sourcesOf(project), () => this.#work(() => this.#reload(project)))];
    if (!this.byEditor) {
      for (const folder of project.config?.catalogs ?? [])
        stops.push(watchFolder(folder, (file) => this.#work(() => this.#changed(file, false))));
    }
    this.#watched.set(project, () => {
      for (const stop of stops) stop();
    });
  }

  async #changed(file: string, deleted: boolean): Promise<void> {
    for (const project of await this.#projects.all()) {
      if (sourcesOf(project).includes(file)) await this.#reload(project);
      else if (project.holds(file)) {
        if (await project.refresh(file)) this.#findings.schedule();
      } else if (deleted || (project.config?.catalogs ?? []).some((folder) => isWithin(file, folder))) {
        // A folder, perhaps: what is in it is not told one by one.
        if (await project.refreshFolder(file)) this.#findings.schedule();
      }
    }
  }

  async #reload(project: Project): Promise<void> {
    await project.load();
    // The configuration may name other packages and catalogs now.
    this.#watched.get(project)?.();
    this.#watched.delete(project);
    this.watch(project);
    this.#findings.scheduleAll();
  }

  #work(work: () => Promise<void>): void {
    work().catch((error: unknown) => this.#connection.console.error(errorText(error)));
  }
}
