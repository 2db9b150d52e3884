import path from 'node:path';
import { isWithin } from '../catalog/files.ts';
import { findConfigFile } from '../config/file.ts';
import type { ConfigOptions } from '../config/resolve.ts';
import type { Io } from '../io.ts';
import { Project } from './project.ts';

/** The projects of a workspace: one per configuration file, and one per folder of the workspace for files that have none above them. */
export class Projects {
  readonly #options: ConfigOptions;
  readonly #io: Io;
  readonly #projects = new Map<string, Promise<Project>>();
  #folders: string[] = [];

  constructor(options: ConfigOptions, io: Io) {
    this.#options = options;
    this.#io = io;
  }

  /** The editor opens and closes folders. */
  changeFolders(opened: readonly string[], closed: readonly string[] = []): void {
    const folders = this.#folders.filter((folder) => !closed.includes(folder));
    // The innermost first: folders may be inside each other.
    this.#folders = [...new Set([...folders, ...opened])].sort((a, b) => b.length - a.length);
  }

  /** The project that a file belongs to, loaded. */
  of(file: string): Promise<Project> {
    const folder = this.#folderOf(file);
    let project = this.#projects.get(folder);
    if (!project) {
      project = open(folder, this.#options, this.#io);
      this.#projects.set(folder, project);
    }
    return project;
  }

  /** Those there are, loaded. */
  all(): Promise<Project[]> {
    return Promise.all(this.#projects.values());
  }

  #folderOf(file: string): string {
    // What the command line says holds for all.
    const { config, catalog, package: packages } = this.#options;
    if (config !== undefined || catalog !== undefined || packages !== undefined || this.#io.env.MAESTRO_CONFIG) return this.#io.cwd;
    const folder = this.#folders.find((candidate) => isWithin(file, candidate)) ?? this.#folders[0] ?? this.#io.cwd;
    try {
      const found = findConfigFile(path.dirname(file), isWithin(file, folder) ? folder : undefined) ?? findConfigFile(folder);
      return found === undefined ? folder : path.dirname(found);
    } catch {
      // Two configurations in one folder, which loading the project tells.
      return folder;
    }
  }
}

async function open(folder: string, options: ConfigOptions, io: Io): Promise<Project> {
  const project = new Project(folder, options, io);
  await project.load();
  return project;
}
