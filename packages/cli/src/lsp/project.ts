import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { LiveCatalog } from '@summit/maestro-manifest';
import { loadContracts } from '@summit/maestro-worker/packages';
import { findManifestFiles, isManifestPath, isWithin, shownPath } from '../catalog/files.ts';
import { type LockFile, lintOptions, lockFolder, readLockFile } from '../catalog/lock.ts';
import { trustedFiles } from '../catalog/trusted.ts';
import type { ResolvedConfig } from '../config/config.ts';
import type { ConfigOptions } from '../config/resolve.ts';
import { resolveConfig } from '../config/resolve.ts';
import type { Io } from '../io.ts';

/** Why nothing can be said of the manifests of a project. */
export interface Trouble {
  code: string;
  message: string;
}

/** Files are read, and texts parsed, for at most this long at a stretch, in milliseconds. */
const STRETCH_MS = 20;

/**
 * The manifests under one configuration, with the tasks they may use. Files that are open in the editor are as they are there,
 * the others as they are on the disk. Paths are absolute here; the catalog knows files as messages name them.
 */
export class Project {
  readonly catalog = new LiveCatalog();
  readonly #options: ConfigOptions;
  readonly #io: Pick<Io, 'env'>;
  readonly #folder: string;
  /** Texts that the editor has, by path. */
  readonly #open = new Map<string, string>();
  #config: ResolvedConfig | undefined;
  trouble: Trouble | undefined;
  /** Read with the configuration. */
  lockFile: LockFile | undefined;

  /** `folder`: where relative names start and a configuration is looked for. */
  constructor(folder: string, options: ConfigOptions, io: Pick<Io, 'env'>) {
    this.#folder = folder;
    this.#options = options;
    this.#io = io;
  }

  get root(): string {
    return this.#config?.root ?? this.#folder;
  }

  get config(): ResolvedConfig | undefined {
    return this.#config;
  }

  /** How the catalog and messages call a file. */
  name(file: string): string {
    return shownPath(file, this.root);
  }

  /** The file that the catalog calls so. */
  file(name: string): string {
    return path.resolve(this.root, name);
  }

  /** Whether a file is a manifest by its place. */
  holds(file: string): boolean {
    return (this.#config?.catalogs ?? []).some((folder) => isWithin(file, folder) && isManifestPath(path.relative(folder, file)));
  }

  /** Reads configuration, tasks, lock file and manifests, the first time or again. What keeps it from that is `trouble`. */
  async load(): Promise<void> {
    try {
      const config = await resolveConfig(this.#options, { cwd: this.#folder, env: this.#io.env });
      const contracts = await loadContracts(config.packages, config.root);
      this.lockFile = await readLockFile(lockFolder(config), config.root);
      if (config.root !== this.root) for (const name of this.catalog.paths()) this.catalog.delete(name);
      this.#config = config;
      this.catalog.configure(contracts, { ...lintOptions(this.lockFile), trusted: trustedFiles(config, config.root) });
      this.trouble = undefined;
    } catch (error) {
      // What was known before still helps more than nothing.
      this.trouble = troubleOf(error);
    }
    await this.#readAll();
  }

  /** The text of a file that is open in the editor. */
  open(file: string, text: string): void {
    this.#open.set(file, text);
    this.catalog.set(this.name(file), text);
  }

  /** The editor no longer has it: what is on the disk counts. */
  async close(file: string): Promise<void> {
    this.#open.delete(file);
    await this.refresh(file);
  }

  /** A file may be another one on the disk, or be gone. Returns whether that changed anything. */
  async refresh(file: string): Promise<boolean> {
    if (this.#open.has(file)) return false;
    const text = this.holds(file) ? await textOf(file) : undefined;
    // It may have been opened meanwhile.
    if (this.#open.has(file)) return false;
    return text === undefined ? this.catalog.delete(this.name(file)) : this.catalog.set(this.name(file), text);
  }

  /** What is below a folder may be other files on the disk. */
  async refreshFolder(folder: string): Promise<boolean> {
    const known = this.catalog.paths().map((name) => this.file(name));
    const { files } = await findManifestFiles([folder]);
    const concerned = new Set([...known.filter((file) => isWithin(file, folder)), ...files]);
    let changed = false;
    for (const file of concerned) if (await this.refresh(file)) changed = true;
    return changed;
  }

  async #readAll(): Promise<void> {
    const { files } = await findManifestFiles(this.#config?.catalogs ?? []);
    const wanted = new Set([...files, ...this.#open.keys()].map((file) => this.name(file)));
    for (const name of this.catalog.paths()) if (!wanted.has(name)) this.catalog.delete(name);
    for (const [file, text] of this.#open) this.catalog.set(this.name(file), text);
    let since = performance.now();
    for (const file of files) {
      await this.refresh(file);
      if (performance.now() - since < STRETCH_MS) continue;
      // Parsing keeps everything else waiting: what the editor asks meanwhile is answered in between.
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    }
  }
}

/** `undefined` for a file that cannot be read: `maestro lint` tells why. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    return undefined;
  }
}

function troubleOf(error: unknown): Trouble {
  if (!(error instanceof Error)) return { code: 'INTERNAL', message: String(error) };
  const { code, problems, next } = error as Error & { code?: unknown; problems?: unknown; next?: unknown };
  const lines = [error.message, ...(Array.isArray(problems) ? problems.map(String) : []), ...(typeof next === 'string' ? [next] : [])];
  return { code: typeof code === 'string' ? code : 'INTERNAL', message: lines.join('\n') };
}
